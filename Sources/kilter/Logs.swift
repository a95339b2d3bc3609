import ArgumentParser
import Foundation
import KilterEngine
import KilterOutlet
import KilterVocabulary
import Logging

/// What an engine says of itself on standard error: one line each, for people or for programs.
///
/// Logged are starts and ends, addresses, and what an operator should know; never telemetry, its names or its content.
struct Logs {
    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

    enum Level: String, ExpressibleByArgument, CaseIterable { case debug, info, notice, warning, error }

    let format: Format
    let level: Level

    func logger(_ label: String = "kilter") -> Logger {
        var logger = Logger(label: label) { label in
            LineLogHandler(label: label, format: format, isTerminal: StandardError.isTerminal, write: StandardError.line)
        }
        logger.logLevel = Logger.Level(rawValue: level.rawValue) ?? .info
        return logger
    }
}

/// Writes one line per message.
///
/// Text on a terminal is the message alone, with its level from warning on; elsewhere time and level stand before it.
/// JSON is one object with `time`, `level`, `logger`, `message` and whatever is known besides. Control, direction and
/// zero-width characters are escaped in both, so a line stays one line whatever an error says.
struct LineLogHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.info

    private let label: String
    private let format: Logs.Format
    private let isTerminal: Bool
    private let write: @Sendable (String) -> Void

    init(label: String, format: Logs.Format, isTerminal: Bool, write: @escaping @Sendable (String) -> Void) {
        self.label = label
        self.format = format
        self.isTerminal = isTerminal
        self.write = write
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        switch format {
        case .text: write(text(event))
        case .json: write(json(event))
        }
    }

    private func text(_ event: LogEvent) -> String {
        let message = TerminalText.safe(event.message.description)
        if isTerminal { return event.level >= .warning ? "kilter: \(event.level.rawValue): \(message)" : "kilter: \(message)" }
        return "\(Self.now) \(event.level.rawValue) \(message)"
    }

    private func json(_ event: LogEvent) -> String {
        var known = metadata
        if let provided = metadataProvider?.get() { known.merge(provided) { $1 } }
        if let own = event.metadata { known.merge(own) { $1 } }
        var facts = [
            Evidence("time", .string(Self.now)), Evidence("level", .string(event.level.rawValue)),
            Evidence("logger", .string(label)), Evidence("message", .string(event.message.description)),
        ]
        facts += known.sorted { $0.key < $1.key }.map { Evidence($0.key, Self.value($0.value)) }
        return String(decoding: FactsJSON.encode(facts), as: UTF8.self)
    }

    private static func value(_ value: Logger.Metadata.Value) -> Evidence.Value {
        switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let number as any BinaryInteger): .integer(Int64(clamping: number))
        case .stringConvertible(let other): .string(other.description)
        case .array(let values): .strings(values.map(\.description))
        case .dictionary(let members): .facts(members.sorted { $0.key < $1.key }.map { Evidence($0.key, Self.value($0.value)) })
        }
    }

    private static var now: String {
        Timestamp.text(EventTime(nanoseconds: UInt64(clamping: Int64(Date().timeIntervalSince1970 * 1e6)) &* 1_000))
    }
}

/// Says that the engine published notices, at most once in ten seconds; what they say is in the events themselves.
struct NoticeLog {
    private var told: [String: UInt64] = [:]
    private var last: ContinuousClock.Instant?
    private static let every = Duration.seconds(10)

    /// - Parameter metrics: as of now.
    mutating func take(_ metrics: EngineMetrics, _ logger: Logger) {
        if let last, ContinuousClock.now - last < Self.every { return }
        var counts = metrics.notices.map { (name: $0.labels.joined(separator: "."), count: $0.count) }
        counts.append((name: "input_gap", count: metrics.inputGaps))
        for (name, count) in counts where count > told[name, default: 0] {
            let new = count - told[name, default: 0]
            told[name] = count
            last = .now
            let what = name == "input_gap" ? "\(new) messages are missing in the input" : "\(new) notices of kind \(name) were published"
            logger.notice("\(what), \(count) in all", metadata: ["kind": "\(name)", "count": .stringConvertible(count)])
        }
    }
}
