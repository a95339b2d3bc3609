import Foundation
import KilterEngine
import KilterVocabulary

/// Whole small files.
enum Files {
    /// All of a file, a pipe or a device that ends.
    static func read(_ path: String) throws -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            guard FileManager.default.fileExists(atPath: path) else { throw Failure(.noInput, "\(path): no such file") }
            throw Failure(.inputOutput, "\(path): cannot be read")
        }
        defer { try? handle.close() }
        do {
            return Array(try handle.readToEnd() ?? Data())
        } catch {
            throw Failure(.inputOutput, "\(path): cannot be read")
        }
    }

    /// A regular file is written beside itself and moved into place, so that a reader never sees half of it. Through a
    /// link, to a pipe or a device is written as it is.
    static func write(_ bytes: [UInt8], to path: String) throws {
        var kind = stat()
        let isSpecial = lstat(path, &kind) == 0 && kind.st_mode & S_IFMT != S_IFREG
        do {
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: isSpecial ? [] : .atomic)
        } catch {
            throw Failure(.inputOutput, "\(path): cannot be written")
        }
    }
}

/// States that `replay --save` wrote.
enum Snapshots {
    /// Runs what restores the state in the file at `path`; what is wrong with it is said with its name.
    static func check<R>(_ path: String?, _ restore: () throws -> R) throws -> R {
        do {
            return try restore()
        } catch let failure as Snapshot.Failure {
            throw Failure(.badData, "\(path ?? "the snapshot"): the state in it cannot be used: \(failure)")
        }
    }
}

/// Times on the command line.
enum Times {
    /// A length of time such as `90s`, `10m` or `1h`.
    static func period(_ text: String) throws -> Nanoseconds {
        let units: [(String, UInt64)] = [("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000)]
        for (unit, nanoseconds) in units where text.hasSuffix(unit) {
            guard let number = UInt64(text.dropLast(unit.count)), number > 0 else { continue }
            let (product, overflow) = number.multipliedReportingOverflow(by: nanoseconds)
            if !overflow { return Nanoseconds(product) }
        }
        throw Failure(.usage, "\(text): not a length of time; write a whole number and a unit, such as 90s, 10m or 1h")
    }

    /// RFC 3339 (`2026-03-02T09:00:00Z`, fractions allowed) or Unix nanoseconds.
    static func parse(_ text: String) throws -> EventTime {
        if let nanoseconds = UInt64(text) { return EventTime(nanoseconds: nanoseconds) }
        let formatter = ISO8601DateFormatter()
        for options in [ISO8601DateFormatter.Options.withInternetDateTime, [.withInternetDateTime, .withFractionalSeconds]] {
            formatter.formatOptions = options
            guard let date = formatter.date(from: text) else { continue }
            let nanoseconds = (date.timeIntervalSince1970 * 1_000_000).rounded() * 1_000
            guard let exact = UInt64(exactly: nanoseconds) else { break }
            return EventTime(nanoseconds: exact)
        }
        throw Failure(.usage, "\(text): not a time; write RFC 3339 such as 2026-03-02T09:00:00Z, or Unix nanoseconds")
    }
}

/// Facts as one JSON object, in their order.
enum FactsJSON {
    static func encode(_ facts: [Evidence]) -> [UInt8] {
        Array(("{" + facts.map { "\(quoted($0.name)):\(value($0.value))" }.joined(separator: ",") + "}").utf8)
    }

    private static func value(_ value: Evidence.Value) -> String {
        switch value {
        case .string(let text): quoted(text)
        case .integer(let number): String(number)
        case .amount(let amount): amount.text
        case .amounts(let amounts): "[" + amounts.map(\.text).joined(separator: ",") + "]"
        case .strings(let texts): "[" + texts.map(quoted).joined(separator: ",") + "]"
        case .facts(let facts): String(decoding: encode(facts), as: UTF8.self)
        }
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
