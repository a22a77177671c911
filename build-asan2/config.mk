PKG_CFLAGS := -I/usr/include/libnl3 -I/usr/include/json-c 
PKG_LIBS := -lbpf -lelf -lz -lnl-route-3 -lnl-3 -ljson-c -lcap-ng 
