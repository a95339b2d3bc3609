#include "CBLAS.h"

#include <cblas.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

static __typeof__(&cblas_sgemm) multiply;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void look_up(void) {
    static const char *const names[] = {"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
    // More threads make products of this size slower, and would compete with ours.
    __typeof__(&openblas_set_num_threads) set_threads = (__typeof__(set_threads))dlsym(library, "openblas_set_num_threads");
    if (set_threads) set_threads(1);
    multiply = (__typeof__(multiply))dlsym(library, "cblas_sgemm");
}

bool kilter_blas_is_installed(void) {
    pthread_once(&once, look_up);
    return multiply != NULL;
}

void kilter_blas_multiply(int rows, int columns, int inner, const float *a, const float *b, float *c) {
    if (!kilter_blas_is_installed()) return;
    multiply(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, inner, 1, a, inner, b, columns, 0, c, columns);
}
