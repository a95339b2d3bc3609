// Vector helpers that Swift cannot express without a call: prefetch, and byte scans that use the widest
// instructions the baseline x86-64 or arm64 target guarantees. Every reader may look up to 32 bytes past the
// end of its input, so callers keep that slack behind each buffer.
#ifndef KILTER_LANES_H
#define KILTER_LANES_H

#include <stdint.h>
#include <stddef.h>

#define KILTER_INLINE static inline __attribute__((always_inline))

KILTER_INLINE void kilter_prefetch(const void *address) {
    __builtin_prefetch(address, 0, 3);
}

typedef uint8_t kilter_u8x16 __attribute__((vector_size(16)));
typedef int8_t kilter_s8x16 __attribute__((vector_size(16)));

KILTER_INLINE kilter_u8x16 kilter_load16(const uint8_t *p) {
    kilter_u8x16 v;
    __builtin_memcpy(&v, p, 16);
    return v;
}

// One bit for each lane whose bits are all set, the first lane's lowest.
KILTER_INLINE uint32_t kilter_mask(kilter_u8x16 hit) {
#if defined(__SSE2__)
    typedef char kilter_c8x16 __attribute__((vector_size(16)));
    return (uint32_t)__builtin_ia32_pmovmskb128((kilter_c8x16)hit);
#else
    uint64_t half[2];
    __builtin_memcpy(half, &hit, 16);
    // Gathers the lowest bits of eight bytes in the highest byte.
    uint64_t low = (half[0] & 0x0101010101010101ull) * 0x0102040810204080ull >> 56;
    uint64_t high = (half[1] & 0x0101010101010101ull) * 0x0102040810204080ull >> 56;
    return (uint32_t)(low | high << 8);
#endif
}

// Index of the first lane whose bits are all set, or 16 when there is none.
KILTER_INLINE size_t kilter_first_lane(kilter_u8x16 hit) {
#if defined(__SSE2__)
    typedef char kilter_c8x16 __attribute__((vector_size(16)));
    uint32_t mask = (uint32_t)__builtin_ia32_pmovmskb128((kilter_c8x16)hit);
    return mask ? (size_t)__builtin_ctz(mask) : 16;
#else
    uint64_t low, high;
    __builtin_memcpy(&low, &hit, 8);
    __builtin_memcpy(&high, (const uint8_t *)&hit + 8, 8);
    if (low) return (size_t)(__builtin_ctzll(low) >> 3);
    if (high) return 8 + (size_t)(__builtin_ctzll(high) >> 3);
    return 16;
#endif
}

KILTER_INLINE kilter_u8x16 kilter_digits(kilter_u8x16 v) {
    return (kilter_u8x16)((kilter_u8x16)(v - '0') < 10);
}

// One bit for each lane that is part of a word.
KILTER_INLINE uint32_t kilter_word_mask(kilter_u8x16 v) {
    return kilter_mask((kilter_u8x16)((kilter_u8x16)((v | 0x20) - 'a') < 26) | kilter_digits(v) | (kilter_u8x16)(v == '_')
        | (kilter_u8x16)(v >= 0x80));
}

// How many lanes have all their bits set.
KILTER_INLINE size_t kilter_lanes(kilter_u8x16 hit) {
    kilter_u8x16 ones = hit & 1;
    uint64_t low, high;
    __builtin_memcpy(&low, &ones, 8);
    __builtin_memcpy(&high, (const uint8_t *)&ones + 8, 8);
    return (size_t)(((low + high) * 0x0101010101010101ULL) >> 56);
}

// Takes the words of `n` bytes into sixteen minima: runs of letters, digits, underscores and bytes beyond ASCII, case left
// aside, each told by its first and its last eight bytes of at most sixteen. A word that `n` cuts counts as far as it goes;
// words with digits count only if `with_digits`.
KILTER_INLINE void kilter_sketch_words(const uint8_t *p, size_t n, int with_digits, uint16_t minima[16]) {
    uint32_t before = 0;
    for (size_t i = 0; i < n; i += 16) {
        kilter_u8x16 v = kilter_load16(p + i), next = kilter_load16(p + i + 16);
        uint32_t word = kilter_word_mask(v) | kilter_word_mask(next) << 16;
        uint32_t digit = with_digits ? 0 : kilter_mask(kilter_digits(v)) | kilter_mask(kilter_digits(next)) << 16;
        if (n - i < 32) word &= (uint32_t)((1ull << (n - i)) - 1);
        uint32_t starts = word & ~(word << 1 | before) & 0xffff;
        before = word >> 15 & 1;
        while (starts) {
            unsigned at = (unsigned)__builtin_ctz(starts);
            starts &= starts - 1;
            unsigned length = (unsigned)__builtin_ctz(~(word >> at) | 0x10000);
            if (digit >> at & ((1u << length) - 1)) continue;
            uint64_t first, last = 0;
            __builtin_memcpy(&first, p + i + at, 8);
            if (length < 8) first &= (1ull << (8 * length)) - 1;
            if (length > 8) __builtin_memcpy(&last, p + i + at + length - 8, 8);
            uint64_t hash = ((first | 0x2020202020202020ull) ^ length) * 0x9e3779b97f4a7c15ull;
            hash = (hash ^ hash >> 29 ^ (last | 0x2020202020202020ull)) * 0xbf58476d1ce4e5b9ull;
            uint16_t rank = (uint16_t)(hash >> 40);
            uint16_t *minimum = &minima[hash >> 60];
            if (rank < *minimum) *minimum = rank;
        }
    }
}

// Whether a time of day, a number behind a blank or an opening bracket, or "pid" may be in `n` bytes: without that, no time,
// duration or process id is in them. Looks three bytes behind the end.
KILTER_INLINE int kilter_may_be_volatile(const uint8_t *p, size_t n) {
    kilter_u8x16 any = {0};
    for (size_t i = 0; i < n; i += 16) {
        kilter_u8x16 v = kilter_load16(p + i), next = kilter_load16(p + i + 1), second = kilter_load16(p + i + 2);
        kilter_u8x16 isDigit = (kilter_u8x16)((kilter_u8x16)(next - '0') < 10);
        kilter_u8x16 isClock = (kilter_u8x16)(v == ':') & isDigit & (kilter_u8x16)((kilter_u8x16)(second - '0') < 10);
        kilter_u8x16 isSpan = ((kilter_u8x16)(v == ' ') | (kilter_u8x16)(v == '(')) & isDigit;
        kilter_u8x16 isProcess = (kilter_u8x16)((v | 0x20) == 'p') & (kilter_u8x16)((next | 0x20) == 'i')
            & (kilter_u8x16)((second | 0x20) == 'd');
        any |= isClock | isSpan | isProcess;
    }
    return kilter_first_lane(any) < 16;
}

// Letters of ASCII, and longer UTF-8 sequences each once, in `n` bytes.
KILTER_INLINE size_t kilter_letters(const uint8_t *p, size_t n) {
    kilter_u8x16 lanes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    size_t letters = 0;
    for (size_t i = 0; i < n; i += 16) {
        kilter_u8x16 v = kilter_load16(p + i);
        kilter_u8x16 hit = (kilter_u8x16)((kilter_u8x16)((v | 0x20) - 'a') < 26) | (kilter_u8x16)(v >= 0xc0);
        if (n - i < 16) hit &= (kilter_u8x16)(lanes < (uint8_t)(n - i));
        letters += kilter_lanes(hit);
    }
    return letters;
}

// Least distance from `from` to `most` at which the eight bytes at `p` come before `p`; `most` + 1 when there is none. Reads
// `most` bytes before `p` and 24 from it on.
KILTER_INLINE size_t kilter_distance(const uint8_t *p, size_t from, size_t most) {
    uint64_t wanted, seen;
    __builtin_memcpy(&wanted, p, 8);
    for (size_t d = from; d <= most;) {
        if (most - d >= 15) {
            // Distances d to d + 15 begin at p - d - 15 to p - d.
            const uint8_t *start = p - d - 15;
            kilter_u8x16 hit = (kilter_u8x16)(kilter_load16(start) == p[0]) & (kilter_u8x16)(kilter_load16(start + 1) == p[1])
                & (kilter_u8x16)(kilter_load16(start + 2) == p[2]);
            if (kilter_first_lane(hit) == 16) {
                d += 16;
                continue;
            }
        }
        size_t end = most - d >= 15 ? d + 15 : most;
        for (; d <= end; d++) {
            __builtin_memcpy(&seen, p - d, 8);
            if (seen == wanted) return d;
        }
    }
    return most + 1;
}

// Lanes that end a run of plain ASCII inside a JSON string: a quote, a backslash, a control character, a byte of
// a longer UTF-8 sequence. Seen as signed numbers the last two are one comparison.
KILTER_INLINE kilter_u8x16 kilter_not_plain(kilter_u8x16 v) {
    return (kilter_u8x16)(v == (uint8_t)'"') | (kilter_u8x16)(v == (uint8_t)'\\')
        | (kilter_u8x16)((kilter_s8x16)v < (int8_t)0x20);
}

// Offset of the first byte at or after `p` that is a quote, a backslash, a control character below 0x20 or a byte
// from 0x80. The caller guarantees that such a byte exists before the end of the slack (a zero byte behind the input does).
KILTER_INLINE size_t kilter_text_stop(const uint8_t *p) {
    for (size_t n = 0;; n += 16) {
        size_t lane = kilter_first_lane(kilter_not_plain(kilter_load16(p + n)));
        if (lane < 16) return n + lane;
    }
}

// The same, copying what it passes; `to` has 16 bytes of room behind what is copied.
KILTER_INLINE size_t kilter_copy_to_stop(uint8_t *to, const uint8_t *p) {
    for (size_t n = 0;; n += 16) {
        kilter_u8x16 v = kilter_load16(p + n);
        __builtin_memcpy(to + n, &v, 16);
        size_t lane = kilter_first_lane(kilter_not_plain(v));
        if (lane < 16) return n + lane;
    }
}

// Copies plain ASCII until the first byte that is none, or `count` bytes; returns how many. Reads and writes at most
// 15 bytes more.
KILTER_INLINE size_t kilter_copy_plain(uint8_t *to, const uint8_t *p, size_t count) {
    for (size_t n = 0; n < count; n += 16) {
        kilter_u8x16 v = kilter_load16(p + n);
        __builtin_memcpy(to + n, &v, 16);
        size_t lane = kilter_first_lane(kilter_not_plain(v));
        if (lane < 16) return n + lane < count ? n + lane : count;
    }
    return count;
}

// Offset of the first quote, backslash or control character below 0x20 in text that is known to be UTF-8.
// The same guarantee as above.
KILTER_INLINE size_t kilter_string_stop(const uint8_t *p) {
    for (size_t n = 0;; n += 16) {
        kilter_u8x16 v = kilter_load16(p + n);
        kilter_u8x16 hit = (kilter_u8x16)(v == (uint8_t)'"') | (kilter_u8x16)(v == (uint8_t)'\\')
            | (kilter_u8x16)((v & (uint8_t)0xe0) == (uint8_t)0);
        size_t lane = kilter_first_lane(hit);
        if (lane < 16) return n + lane;
    }
}

// The same for `n` bytes of which none need stop it.
KILTER_INLINE size_t kilter_string_stop_within(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i += 16) {
        kilter_u8x16 v = kilter_load16(p + i);
        kilter_u8x16 hit = (kilter_u8x16)(v == (uint8_t)'"') | (kilter_u8x16)(v == (uint8_t)'\\')
            | (kilter_u8x16)((v & (uint8_t)0xe0) == (uint8_t)0);
        size_t lane = kilter_first_lane(hit);
        if (lane < 16) return i + lane < n ? i + lane : n;
    }
    return n;
}

// Bytes of the well-formed UTF-8 sequence of two to four bytes that starts at `p`, or zero when there is none
// (Unicode 16, table 3-7). May read three bytes past `p`.
KILTER_INLINE size_t kilter_utf8_sequence(const uint8_t *p) {
    uint8_t a = p[0], b = p[1];
    if (a < 0xc2) return 0;
    if (a < 0xe0) return (b & 0xc0) == 0x80 ? 2 : 0;
    if ((b & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80) return 0;
    if (a < 0xf0) {
        if (a == 0xe0 && b < 0xa0) return 0;
        if (a == 0xed && b > 0x9f) return 0;
        return 3;
    }
    if (a > 0xf4 || (p[3] & 0xc0) != 0x80) return 0;
    if (a == 0xf0 && b < 0x90) return 0;
    if (a == 0xf4 && b > 0x8f) return 0;
    return 4;
}

// One when the `count` bytes at `p` are well-formed UTF-8. Sixteen ASCII bytes a step.
KILTER_INLINE int kilter_is_utf8(const uint8_t *p, size_t count) {
    size_t n = 0;
    while (n < count) {
        size_t lane = kilter_first_lane((kilter_u8x16)((kilter_s8x16)kilter_load16(p + n) < (int8_t)0));
        n += lane;
        while (n < count && p[n] >= 0x80) {
            size_t length = kilter_utf8_sequence(p + n);
            if (length == 0 || n + length > count) return 0;
            n += length;
        }
    }
    return 1;
}

// Unicode scalars in `count` bytes of UTF-8: the bytes that do not continue a sequence. Sixteen ASCII bytes a step.
KILTER_INLINE size_t kilter_scalars(const uint8_t *p, size_t count) {
    size_t continuing = 0;
    for (size_t n = 0; n < count; n += 16) {
        size_t lane = kilter_first_lane((kilter_u8x16)((kilter_s8x16)kilter_load16(p + n) < (int8_t)0));
        if (lane == 16) continue;
        size_t end = count - n < 16 ? count : n + 16;
        for (size_t at = n + lane; at < end; at++) continuing += (p[at] & 0xc0) == 0x80;
    }
    return count - continuing;
}

typedef uint16_t kilter_u16x8 __attribute__((vector_size(16)));
typedef int16_t kilter_s16x8 __attribute__((vector_size(16)));
typedef uint32_t kilter_u32x4 __attribute__((vector_size(16)));

// The sum of the first `bins` of 64 counts.
KILTER_INLINE uint32_t kilter_counts_below(const uint16_t *counts, uint32_t bins) {
    kilter_s16x8 index = {0, 1, 2, 3, 4, 5, 6, 7};
    kilter_s16x8 end = (kilter_s16x8){0} + (int16_t)(bins < 64 ? bins : 64);
    kilter_u32x4 even = {0}, odd = {0};
    for (int i = 0; i < 64; i += 8) {
        kilter_u16x8 v;
        __builtin_memcpy(&v, counts + i, 16);
        kilter_u32x4 below = (kilter_u32x4)(v & (kilter_u16x8)(index < end));
        even += below & 0xffff;
        odd += below >> 16;
        index += 8;
    }
    even += odd;
    return even[0] + even[1] + even[2] + even[3];
}

typedef int32_t kilter_s32x4 __attribute__((vector_size(16)));

// How many of the first `count` of 32 numbers are below `value`, and in the upper half of the result how many equal it.
KILTER_INLINE uint64_t kilter_numbers_below(const void *numbers, uint32_t count, int32_t value) {
    kilter_s32x4 index = {0, 1, 2, 3}, end = (kilter_s32x4){0} + (int32_t)(count < 32 ? count : 32);
    kilter_s32x4 wanted = (kilter_s32x4){0} + value, below = {0}, equal = {0};
    for (int i = 0; i < 32; i += 4) {
        kilter_s32x4 v;
        __builtin_memcpy(&v, (const uint8_t *)numbers + 4 * i, 16);
        kilter_s32x4 counts = (kilter_s32x4)(index < end);
        // A lane that is true is -1.
        below -= (kilter_s32x4)(v < wanted) & counts;
        equal -= (kilter_s32x4)(v == wanted) & counts;
        index += 4;
    }
    uint32_t lower = (uint32_t)(below[0] + below[1] + below[2] + below[3]);
    return (uint64_t)(uint32_t)(equal[0] + equal[1] + equal[2] + equal[3]) << 32 | lower;
}

#endif
