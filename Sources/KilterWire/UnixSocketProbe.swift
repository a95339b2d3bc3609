#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Whether somebody listens on a Unix socket.
enum UnixSocketProbe {
    /// True when a connection to `path` succeeds. A path with a leading `@` is an abstract name and not probed: the
    /// kernel refuses a second listener there.
    static func isServed(_ path: String) -> Bool {
        let bytes = Array(path.utf8)
        var address = sockaddr_un()
        guard !bytes.isEmpty, bytes[0] != UInt8(ascii: "@"), bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return false }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        #if canImport(Glibc)
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #else
            let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}
