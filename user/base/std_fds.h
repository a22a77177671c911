/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stdin, stdout and stderr, which whoever starts us may have closed.
 */
#ifndef FLOWNER_BASE_STD_FDS_H
#define FLOWNER_BASE_STD_FDS_H

/*
 * Put something into those that are closed that can be neither read nor written: else the first
 * file that is opened has that number, and what is said on stderr goes into a capture, or data into
 * a BPF map's descriptor. Before anything is opened.
 */
void std_fds_occupy(void);

#endif
