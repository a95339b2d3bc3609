// How often this thread has asked for memory.
#ifndef KILTER_ALLOCATION_COUNT_H
#define KILTER_ALLOCATION_COUNT_H

#include <stdint.h>

// Calls of malloc, calloc, realloc and the aligned ones so far by the calling thread. Zero for ever where the C
// library is not glibc: then `kilter_counts_allocations` says 0.
uint64_t kilter_allocations(void);
int kilter_counts_allocations(void);

#endif
