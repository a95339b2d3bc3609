#include <zlib.h>
#include <zstd.h>

// inflateInit2 is a macro over a private symbol; Swift sees this instead.
static inline int kilter_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
