import KilterVocabulary

/// Topics of published events. Every part but the first is percent-encoded (RFC 3986) with the dot among the encoded
/// characters, and every topic ends in a dot, so that a subscription to a prefix never matches a longer name.
public enum Topic {
    public static let heartbeat = "hb"

    /// `alert.<tenant>.<service>.<agent>.<detector>.`
    public static func alert(_ alert: Alert) -> String { text(bytes(of: .alert(alert))) }

    /// `breaker.<tenant>.<scope>.<key>.` where the breaker is enforced, `shadow.…` where it only says what it would do.
    public static func breaker(_ event: BreakerEvent) -> String { text(bytes(of: .breaker(event))) }

    /// `notice.<kind>.`
    public static func notice(_ kind: Notice.Kind) -> String { text(join("notice", kind.rawValue)) }

    static func bytes(of event: Event) -> [UInt8] {
        switch event {
        case .alert(let alert): join("alert", alert.tenant, alert.service, alert.agent, alert.detector.name)
        case .breaker(let event):
            join(event.mode == .enforce ? "breaker" : "shadow", event.tenant, event.scope.rawValue, event.topicKey)
        case .notice(let notice): join("notice", notice.kind.rawValue)
        }
    }

    private static func join(_ first: String, _ parts: String...) -> [UInt8] {
        var bytes = Array(first.utf8)
        bytes.append(UInt8(ascii: "."))
        for part in parts {
            PercentEncoding.append(part, keepingDot: false, to: &bytes)
            bytes.append(UInt8(ascii: "."))
        }
        return bytes
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}

/// Percent-encoding of RFC 3986, section 2: everything but unreserved characters becomes `%XX`.
public enum PercentEncoding {
    /// A part of a URI path, as in `subject` and `source`.
    public static func uriPart(_ text: String) -> String { encode(text, keepingDot: true) }

    /// A part of a topic, in which the dot separates.
    public static func topicPart(_ text: String) -> String { encode(text, keepingDot: false) }

    private static func encode(_ text: String, keepingDot: Bool) -> String {
        var bytes: [UInt8] = []
        append(text, keepingDot: keepingDot, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func append(_ text: String, keepingDot: Bool, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            if isUnreserved(byte) && (keepingDot || byte != UInt8(ascii: ".")) {
                bytes.append(byte)
            } else {
                bytes.append(UInt8(ascii: "%"))
                bytes.append(Digits.upperHex(byte >> 4))
                bytes.append(Digits.upperHex(byte & 15))
            }
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
