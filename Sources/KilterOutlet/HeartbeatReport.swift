import Foundation

/// A heartbeat as a subscriber reads it.
public struct HeartbeatReport: Sendable, Equatable {
    public var logID: LogID
    public var epoch: UInt64
    /// Newest and oldest sequence per stream; a stream that the engine does not name is absent.
    public var heads: [EventStream: UInt64]
    public var oldest: [EventStream: UInt64]
    /// Of the breakers that are not closed.
    public var breakerGeneration: UInt64
    public var breakerDigest: String
    public var mode: String

    private struct Body: Decodable {
        var log_id: String
        var epoch: UInt64
        var heads: [String: UInt64]
        var oldest: [String: UInt64]
        var breakers: Breakers
        var mode: String

        struct Breakers: Decodable {
            var generation: UInt64
            var digest: String
        }
    }

    /// Nil for a body that is no heartbeat. Members that this version does not know are ignored.
    public init?(body: [UInt8]) {
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(body)), let logID = LogID(hex: body.log_id)
        else { return nil }
        self.logID = logID
        epoch = body.epoch
        func known(_ sequences: [String: UInt64]) -> [EventStream: UInt64] {
            var known: [EventStream: UInt64] = [:]
            for stream in EventStream.allCases { known[stream] = sequences[stream.rawValue] }
            return known
        }
        heads = known(body.heads)
        oldest = known(body.oldest)
        breakerGeneration = body.breakers.generation
        breakerDigest = body.breakers.digest
        mode = body.mode
    }
}
