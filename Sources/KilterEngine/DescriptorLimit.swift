import Foundation

/// How many files and sockets this process may have open at a time (`RLIMIT_NOFILE`, getrlimit(2)).
public struct DescriptorLimit: Sendable, Equatable {
    public var descriptorsMax: UInt64
    /// What it was before `raised`.
    public var descriptorsBefore: UInt64

    /// Beyond, nothing is gained, and some systems refuse.
    private static let descriptorsWanted: UInt64 = 65_536

    /// Raises the limit as far as this process may itself; nil where the system does not tell.
    public static func raised() -> DescriptorLimit? {
        guard var limit = current else { return nil }
        let before = UInt64(limit.rlim_cur)
        let wanted = min(UInt64(limit.rlim_max), descriptorsWanted)
        guard wanted > before else { return DescriptorLimit(descriptorsMax: before, descriptorsBefore: before) }
        limit.rlim_cur = rlim_t(wanted)
        #if os(Linux)
            let status = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            let status = setrlimit(RLIMIT_NOFILE, &limit)
        #endif
        return DescriptorLimit(descriptorsMax: status == 0 ? wanted : before, descriptorsBefore: before)
    }

    /// Descriptors that may still be opened, less those that the threads of the HTTP servers will take.
    public var descriptorsFree: Int {
        let open = ProcessFigures.now?.descriptorsOpen ?? Self.descriptorsOpenUsually
        let threads = Self.descriptorsPerThread * ProcessInfo.processInfo.activeProcessorCount
        return max(Int(clamping: descriptorsMax) - open - threads, 0)
    }

    private static let descriptorsOpenUsually = 64
    /// One for events, one for timers and one to wake it.
    private static let descriptorsPerThread = 3

    private static var current: rlimit? {
        var limit = rlimit()
        #if os(Linux)
            let status = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            let status = getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        return status == 0 ? limit : nil
    }
}
