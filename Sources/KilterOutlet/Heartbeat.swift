import KilterVocabulary

/// What the engine says of itself at least every 500 ms: how far each stream has come, so that a subscriber notices
/// that even the last message was lost, and how it fares.
struct Heartbeat {
    /// The engine's word for how it runs.
    var mode = "normal"
    /// One JSON object.
    var counters = Array("{}".utf8)

    /// The body as published on topic `hb`, keys in the order of the contract; the digest in hex, because JSON
    /// readers lose digits of numbers above 2⁵³.
    func body(of log: EventLog) -> [UInt8] {
        var json = JSONWriter()
        json.openRoot()
        json.member("log_id", log.logID.hex)
        json.member("epoch", log.epoch)
        json.open("heads")
        for stream in EventStream.allCases { json.member(stream.key, log.head(stream)) }
        json.close()
        json.open("oldest")
        for stream in EventStream.allCases { json.member(stream.key, log.oldest(stream)) }
        json.close()
        json.open("breakers")
        json.member("generation", log.breakerGeneration)
        json.member("digest", Hex.string(log.breakerDigest))
        json.close()
        json.member("mode", mode)
        json.member("counters", encoded: counters)
        json.close()
        return json.bytes
    }
}

extension EventStream {
    var key: StaticString {
        switch self {
        case .alert: "alert"
        case .breaker: "breaker"
        case .incident: "incident"
        case .notice: "notice"
        }
    }
}
