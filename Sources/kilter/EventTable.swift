import Foundation

/// Text that is safe to print: control and direction characters are shown, not obeyed.
enum TerminalText {
    static func safe(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x00..<0x20, 0x7f..<0xa0, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff:
                out += "\\u{\(String(scalar.value, radix: 16))}"
            default:
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}

/// One readable line per event, made from the event's own JSON.
struct EventTable {
    let inColour: Bool

    /// A heading for the columns.
    var heading: String { "TIME                      EVENT     WHAT                    WHO AND WHY\n" }

    func line(_ body: some Sequence<UInt8>) -> String {
        guard let event = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let data = event["data"] as? [String: Any]
        else { return "?\n" }
        let time = String((event["time"] as? String ?? "").prefix(23)) + "Z"
        let (level, what, words) = describe(event, data)
        let label = level.padding(toLength: 9, withPad: " ", startingAt: 0)
        let cause = what.padding(toLength: max(23, what.count), withPad: " ", startingAt: 0)
        return "\(time)  \(coloured(label, level)) \(cause) \(TerminalText.safe(words))\n"
    }

    private func describe(_ event: [String: Any], _ data: [String: Any]) -> (String, String, String) {
        switch event["type"] as? String {
        case "kilter.alert":
            let resolved = data["state"] as? String == "resolved"
            let who = "\(data["service"] as? String ?? "")/\(data["agent"] as? String ?? "")"
            return (
                resolved ? "resolved" : event["severity"] as? String ?? "", event["detector"] as? String ?? "",
                "\(who) [\(data["run"] as? String ?? "")] \(data["summary"] as? String ?? "")"
            )
        case "kilter.breaker":
            let mode = data["mode"] as? String ?? ""
            return (
                "breaker", "\(data["scope"] as? String ?? "") \(data["state"] as? String ?? "") (\(mode))",
                "decision \(data["decision"] as? String ?? ""): \(data["reason"] as? String ?? "")"
            )
        default:
            return ("notice", data["kind"] as? String ?? "", data["summary"] as? String ?? "")
        }
    }

    private func coloured(_ text: String, _ level: String) -> String {
        guard inColour else { return text }
        let code =
            switch level {
            case "critical": "1;31"
            case "warning": "33"
            case "breaker": "1;35"
            case "resolved": "32"
            default: "36"
            }
        return "\u{1b}[\(code)m\(text)\u{1b}[0m"
    }
}
