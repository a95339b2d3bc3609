#include <zmq.h>
#if defined(__GLIBC__)
#include <malloc.h> /* mallopt: the allocator is tuned before libzmq's context is made */
#endif
