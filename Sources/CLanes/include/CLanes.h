// Vector helpers that Swift cannot express without a call: prefetch, and byte scans that use the widest
// instructions the baseline x86-64 or arm64 target guarantees. Every reader may look up to 32 bytes past the
// end of its input, so callers keep that slack behind each buffer.
#ifndef KILTER_LANES_H
#define KILTER_LANES_H

#include <stdint.h>
#include <stddef.h>

static inline __attribute__((always_inline)) void kilter_prefetch(const void *address) {
    __builtin_prefetch(address, 0, 3);
}

typedef uint8_t kilter_u8x16 __attribute__((vector_size(16)));

// Offset of the first byte at or after `p` that is a quote, a backslash or a control character below 0x20.
// The caller guarantees that such a byte exists before the end of the slack (a zero byte behind the input does).
static inline __attribute__((always_inline)) size_t kilter_string_stop(const uint8_t *p) {
    size_t n = 0;
    for (;;) {
        kilter_u8x16 v;
        __builtin_memcpy(&v, p + n, 16);
        kilter_u8x16 hit = (kilter_u8x16)(v == (uint8_t)'"') | (kilter_u8x16)(v == (uint8_t)'\\') | (kilter_u8x16)(v < (uint8_t)0x20);
        uint64_t low, high;
        __builtin_memcpy(&low, &hit, 8);
        __builtin_memcpy(&high, (const uint8_t *)&hit + 8, 8);
        if (low) return n + (size_t)(__builtin_ctzll(low) >> 3);
        if (high) return n + 8 + (size_t)(__builtin_ctzll(high) >> 3);
        n += 16;
    }
}

#endif
