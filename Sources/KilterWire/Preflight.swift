#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Checks that must pass before libzmq opens anything: it ends the process with `abort()` when it cannot open the
/// descriptors of its first socket, and it spins on `accept` when they run out later.
public enum Preflight {
    /// Descriptors that must be free: the context, its threads and every socket of one process need about forty.
    public static let descriptorsNeeded = 64

    /// The limit on open file descriptors of this process.
    public struct DescriptorLimit: Equatable, Sendable {
        public var current: UInt64
        public var maximum: UInt64
    }

    /// Raises the descriptor limit as far as the system lets this process, then opens and closes 64 of them.
    ///
    /// Throws `WireError.descriptorsExhausted` with the limit in its text. Costs about 100 system calls, once.
    @discardableResult
    public static func run() throws(WireError) -> DescriptorLimit {
        let limit = raiseDescriptorLimit()
        try probe(limit)
        return limit
    }

    /// Sets the soft limit to the hard one. A refusal is no error: the probe that follows decides.
    static func raiseDescriptorLimit() -> DescriptorLimit {
        var limit = rlimit()
        #if canImport(Glibc)
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let resource = RLIMIT_NOFILE
        #endif
        guard getrlimit(resource, &limit) == 0 else { return DescriptorLimit(current: 0, maximum: 0) }
        if limit.rlim_cur < limit.rlim_max {
            var wanted = limit
            wanted.rlim_cur = limit.rlim_max
            if setrlimit(resource, &wanted) == 0 { limit = wanted }
        }
        return DescriptorLimit(current: UInt64(limit.rlim_cur), maximum: UInt64(limit.rlim_max))
    }

    /// Pipes need no path, so the probe also works where `/dev` is not mounted.
    private static func probe(_ limit: DescriptorLimit) throws(WireError) {
        var opened: [Int32] = []
        opened.reserveCapacity(descriptorsNeeded)
        defer { for descriptor in opened { close(descriptor) } }
        while opened.count < descriptorsNeeded {
            var pair: [Int32] = [-1, -1]
            guard pipe(&pair) == 0 else {
                throw .descriptorsExhausted(
                    reason: "\(descriptorsNeeded) are needed and only \(opened.count) could be opened; the limit is "
                        + "\(limit.current), at most \(limit.maximum) (raise it with ulimit -n)")
            }
            opened += pair
        }
    }
}
