import Foundation

/// What the operating system says of this process. Read from `/proc` (proc(5)); nil where there is none.
public struct ProcessFigures: Sendable, Equatable {
    public var residentBytes: UInt64
    public var virtualBytes: UInt64
    /// User and system time since the start.
    public var cpuSeconds: Double
    public var descriptorsOpen: Int
    public var descriptorsMax: UInt64
    /// Unix time of the start.
    public var startSeconds: Double
    public var threads: Int

    /// The figures of this instant. Cost: three small reads of files and one of a folder.
    public static var now: ProcessFigures? {
        guard let stat = contents("/proc/self/stat"), let system = contents("/proc/stat"),
            let descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        else { return nil }
        var limit = rlimit()
        #if os(Linux)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        #else
            getrlimit(RLIMIT_NOFILE, &limit)
        #endif
        return ProcessFigures(
            stat: stat, bootSeconds: bootSeconds(system), ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
            pageBytes: UInt64(clamping: sysconf(Int32(_SC_PAGESIZE))), descriptorsOpen: descriptors.count,
            descriptorsMax: UInt64(limit.rlim_cur))
    }

    /// Reads the text of `/proc/self/stat`, whose second field, the command, may hold blanks and brackets.
    package init?(
        stat: String, bootSeconds: Double, ticksPerSecond: Double, pageBytes: UInt64, descriptorsOpen: Int, descriptorsMax: UInt64
    ) {
        guard let bracket = stat.lastIndex(of: ")"), ticksPerSecond > 0 else { return nil }
        // Field 3 of the manual page comes first.
        let fields = stat[stat.index(after: bracket)...].split(separator: " ")
        func field(_ number: Int) -> UInt64? { number - 3 < fields.count ? UInt64(fields[number - 3]) : nil }
        guard let user = field(14), let kernel = field(15), let threads = field(20), let start = field(22),
            let virtualBytes = field(23), let pages = field(24)
        else { return nil }
        self.virtualBytes = virtualBytes
        residentBytes = pages.multipliedReportingOverflow(by: pageBytes).partialValue
        cpuSeconds = Double(user &+ kernel) / ticksPerSecond
        startSeconds = bootSeconds + Double(start) / ticksPerSecond
        self.threads = Int(clamping: threads)
        self.descriptorsOpen = descriptorsOpen
        self.descriptorsMax = descriptorsMax
    }

    private static func contents(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The line `btime` of `/proc/stat`: Unix time of the boot.
    private static func bootSeconds(_ text: String) -> Double {
        let line = text.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst(6)) } ?? 0
    }
}
