import KilterIntake
import KilterVocabulary

/// The spans of recorded streams, run by run, for counting what lies between an instant of a run and one of its spans.
///
/// A run is a conversation, or a trace where no span of it names one; copies and unfinished spans do not count. Cost: one
/// decoding of the files, and 56 bytes a span.
public struct RunTrails {
    private struct Step {
        var number: Int
        var trace: TraceID
        var span: UInt64
        var endNanoseconds: UInt64
        var picodollars: UInt64
        /// Index into the names; negative where the span names no agent.
        var agent: Int
    }

    private var runs: [String: [Step]] = [:]
    /// When the last span of each run of an agent ended, in Unix nanoseconds, sorted; by service and agent.
    private var ends: [String: [UInt64]] = [:]

    /// - Parameters:
    ///   - paths: recorded streams, read in this order.
    ///   - rules: what names and prices count; those of a configuration's `intake`.
    public init(_ paths: [String], rules: IntakeRules) throws {
        let lane = DecodeLane(rules: rules)
        var traces: [TraceID: [Step]] = [:]
        var conversations: [TraceID: String] = [:]
        var seen: [TraceID: Set<UInt64>] = [:]
        var number = 0
        var agents = AgentNumbers()
        for path in paths {
            var stream = try StreamFile(path: path)
            while try Self.read(&stream, into: lane) {
                lane.decodeBlock()
                for row in lane.batch.rows where row.isFinishedSpan {
                    guard seen[row.trace, default: []].insert(row.span).inserted else { continue }
                    number += 1
                    traces[row.trace, default: []].append(
                        Step(
                            number: number, trace: row.trace, span: row.span, endNanoseconds: row.endNanoseconds,
                            picodollars: row.costPicodollars, agent: agents.number(of: row, lane.batch.strings)))
                    if row.conversation != 0 { conversations[row.trace] = lane.batch.strings.string(row.conversation) }
                }
                lane.batch.releaseExcess()
            }
        }
        for (trace, steps) in traces { runs[conversations[trace] ?? trace.hex, default: []] += steps }
        for run in runs.keys { runs[run]?.sort { $0.number < $1.number } }
        for steps in runs.values {
            var last: [Int: UInt64] = [:]
            for step in steps where step.agent >= 0 { last[step.agent] = max(last[step.agent] ?? 0, step.endNanoseconds) }
            for (agent, end) in last { ends[agents.keys[agent], default: []].append(end) }
        }
        for agent in ends.keys { ends[agent]?.sort() }
    }

    /// Runs of an agent that ended after one instant and up to another; nil where no span names the agent.
    /// - Parameters:
    ///   - start: Unix nanoseconds.
    ///   - end: Unix nanoseconds.
    public func runs(ofService service: String, agent: String, after start: UInt64, upTo end: UInt64) -> Int? {
        guard let ends = ends[AgentNumbers.key(service, agent)] else { return nil }
        return max(0, Self.countUp(to: end, in: ends) - Self.countUp(to: start, in: ends))
    }

    private static func countUp(to time: UInt64, in ends: [UInt64]) -> Int {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if ends[middle] <= time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// False at the end of a file, also of one that holds nothing or is cut: what was read of it counts.
    private static func read(_ stream: inout StreamFile, into lane: DecodeLane) throws(StreamError) -> Bool {
        do throws(StreamError) {
            return try stream.read(into: &lane.block)
        } catch {
            guard error.sparesOthers(in: stream.format) else { throw error }
            return false
        }
    }

    /// Spans that ended after `start` up to and with the span named, and what they cost; nil when the streams do not have
    /// the run. Without that span in the run, up to `time`.
    /// - Parameters:
    ///   - runIDs: ids under which the run may be known, the conversation first.
    ///   - start: Unix nanoseconds.
    ///   - span: 16 hex digits.
    ///   - time: Unix nanoseconds.
    public func distance(in runIDs: [String], after start: UInt64, toSpan span: String?, at time: UInt64) -> (
        spans: Int, microdollars: Int
    )? {
        guard let steps = runIDs.lazy.compactMap({ runs[$0] }).first else { return nil }
        let wanted = span.flatMap { UInt64($0, radix: 16) }
        let last = steps.firstIndex { $0.span == wanted } ?? steps.lastIndex { $0.endNanoseconds <= time }
        guard let last else { return (0, 0) }
        let counted = steps[...last].filter { $0.endNanoseconds > start }
        let picodollars = counted.reduce(0 as UInt64) { $0 &+ $1.picodollars }
        return (counted.count, Int(clamping: picodollars / 1_000_000))
    }
}

/// Numbers for agents, in the order in which they are seen.
private struct AgentNumbers {
    private(set) var keys: [String] = []
    private var numbers: [String: Int] = [:]

    /// Negative where the span names no agent.
    mutating func number(of row: SpanRecord, _ strings: StringTable) -> Int {
        guard row.agent != 0 else { return -1 }
        let key = Self.key(strings.string(row.service), strings.string(row.agent))
        if let known = numbers[key] { return known }
        numbers[key] = keys.count
        keys.append(key)
        return keys.count - 1
    }

    static func key(_ service: String, _ agent: String) -> String { service + "\u{0}" + agent }
}

extension SpanRecord {
    fileprivate var isFinishedSpan: Bool { endNanoseconds > 0 && endNanoseconds >= startNanoseconds && !flags.contains(.logRecord) }
}
