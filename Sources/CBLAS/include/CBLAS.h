// OpenBLAS, looked up when it is first needed. Linked, it would start a thread for every processor with every process, each of
// which spins for some milliseconds, whether there is anything to multiply or not.
#ifndef KILTER_BLAS_H
#define KILTER_BLAS_H

#include <stdbool.h>

// Whether OpenBLAS is installed. The first call loads it, to work on one thread.
bool kilter_blas_is_installed(void);

// c = a b, by rows: a has `rows` of `inner` numbers, b `inner` of `columns`, c `rows` of `columns`. Nothing where
// OpenBLAS is not installed.
void kilter_blas_multiply(int rows, int columns, int inner, const float *a, const float *b, float *c);

#endif
