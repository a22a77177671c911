/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The numbers of pcapng (draft-ietf-opsawg-pcapng), for its writer and its reader. A file is a
 * chain of blocks:
 *
 *	u32 type | u32 length of it all, a multiple of 4 | body | the length again
 *
 * in the byte order of the machine that wrote it, which the magic of the section header tells. A
 * body ends with options: u16 code | u16 length | value, padded to 4 bytes.
 */
#ifndef FLOWNER_MODEL_PCAPNG_FORMAT_H
#define FLOWNER_MODEL_PCAPNG_FORMAT_H

enum pcapng_block {
	PCAPNG_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
	PCAPNG_INTERFACE = 1,
	PCAPNG_OLD_PACKET = 2, /* obsolete; still met in old files */
	PCAPNG_SIMPLE_PACKET = 3,
	PCAPNG_NAMES = 4,
	PCAPNG_STATISTICS = 5,
	PCAPNG_PACKET = 6, /* "enhanced" */
};

#define PCAPNG_MAGIC 0x1a2b3c4du

/* type, length, length */
#define PCAPNG_BLOCK_MIN 12u

enum pcapng_option {
	PCAPNG_OPT_END = 0,
	PCAPNG_OPT_COMMENT = 1,

	PCAPNG_SHB_HARDWARE = 2,
	PCAPNG_SHB_OS = 3,
	PCAPNG_SHB_USERAPPL = 4,

	PCAPNG_IF_NAME = 2,
	PCAPNG_IF_DESCRIPTION = 3,
	PCAPNG_IF_TSRESOL = 9,
	PCAPNG_IF_FILTER = 11,
	PCAPNG_IF_OS = 12,
	PCAPNG_IF_TSOFFSET = 14,

	PCAPNG_EPB_FLAGS = 2,
	PCAPNG_EPB_DROPCOUNT = 4,
	PCAPNG_EPB_PACKETID = 5,

	PCAPNG_ISB_STARTTIME = 2,
	PCAPNG_ISB_ENDTIME = 3,
	PCAPNG_ISB_IFRECV = 4,
	PCAPNG_ISB_IFDROP = 5,
	PCAPNG_ISB_FILTERACCEPT = 6,
	PCAPNG_ISB_OSDROP = 7,
	PCAPNG_ISB_USRDELIV = 8,
};

/* In a block of names: an address, then names that each end with a NUL. */
enum pcapng_name_record {
	PCAPNG_NAME_END = 0,
	PCAPNG_NAME_IPV4 = 1,
	PCAPNG_NAME_IPV6 = 2,
};

/* The lowest two bits of epb_flags. */
enum pcapng_direction {
	PCAPNG_DIRECTION_MASK = 3,
	PCAPNG_INBOUND = 1,
	PCAPNG_OUTBOUND = 2,
};

#endif
