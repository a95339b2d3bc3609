import Foundation

/// Ready-made configuration of the programs around an engine, with places for the addresses of one installation:
/// `{{name}}`, in lower case and without blanks, so that templates of other programs (`{{ $value }}`) stay as they are.
public struct Glue: Sendable {
    /// The program that a template configures.
    public enum Kind: String, CaseIterable, Sendable {
        case collector, python, systemd, prometheus

        /// Names of the files, under `Models/Glue` and as they are written.
        public var files: [String] {
            switch self {
            case .collector: ["collector.yaml"]
            case .python: ["kilter_tracing.py"]
            case .systemd: ["kilter.service"]
            case .prometheus: ["prometheus.yaml", "prometheus-alerts.yaml"]
            }
        }
    }

    /// A name that stands in a template and has no value.
    public struct Unfilled: Error, Equatable {
        public var placeholder: String

        public init(placeholder: String) { self.placeholder = placeholder }
    }

    public let text: String

    public init(_ text: String) { self.text = text }

    /// The names in the order of their first use.
    public var placeholders: [String] {
        var names: [String] = []
        for case .placeholder(let name) in parts where !names.contains(name) { names.append(name) }
        return names
    }

    /// The text with every name replaced by its value.
    public func filled(_ values: [String: String]) throws(Unfilled) -> String {
        var out = ""
        for part in parts {
            switch part {
            case .text(let text): out += text
            case .placeholder(let name):
                guard let value = values[name] else { throw Unfilled(placeholder: name) }
                out += value
            }
        }
        return out
    }

    private enum Part {
        case text(Substring)
        case placeholder(String)
    }

    private var parts: [Part] {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.range(of: "{{") {
            let inside = rest[open.upperBound...]
            let name = inside.prefix { $0 == "_" || $0.isASCII && $0.isLowercase }
            parts.append(.text(rest[..<open.lowerBound]))
            if !name.isEmpty, inside[name.endIndex...].hasPrefix("}}") {
                parts.append(.placeholder(String(name)))
                rest = inside[name.endIndex...].dropFirst(2)
            } else {
                parts.append(.text(rest[open]))
                rest = inside
            }
        }
        return parts + [.text(rest)]
    }
}

extension Models {
    /// The template of that name; nil without the folder.
    public func glue(_ file: String) -> Glue? {
        guard let directory, let data = FileManager.default.contents(atPath: "\(directory)/Glue/\(file)") else { return nil }
        return Glue(String(decoding: data, as: UTF8.self))
    }
}
