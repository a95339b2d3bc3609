import Hummingbird
import HummingbirdCore
import KilterVocabulary
import Logging
import NIOCore

/// What one HTTP server grants its clients. A client that wants more is answered or cut, and nobody else waits for it.
public struct ServerLimits: Sendable {
    /// Connections at one time; further ones wait in the backlog of the socket until one of these closes.
    public var connectionsMax: Int
    /// Bytes of one body; a client that asks before it sends more is not invited to.
    public var bodyBytesMax: Int
    /// Bytes of all bodies that are held at one time, from the first one read to the answer; beyond, 503.
    public var bytesInFlightMax: Int
    /// Bytes of all header fields of one request, the longest line of which may take them all.
    public var headerBytesMax = 16 << 10
    /// Time from the first byte of a request to the end of its header, and again to the end of its body. SDKs give up
    /// after ten seconds themselves.
    public var readMilliseconds: Int64 = 10_000
    /// Time a connection may stay open between two requests.
    public var idleMilliseconds: Int64 = 60_000
    /// Time a request that is half read gets when the engine ends.
    public var endMilliseconds: Int64 = 2_000

    /// People and scrapers.
    public static let console = ServerLimits(connectionsMax: 64, bodyBytesMax: 1 << 20)
    /// Every process on the machine that exports spans keeps a connection. A body may have on the wire, compressed or not,
    /// what OTLP recommends to accept, which is also the bound after decompression.
    public static let otlp = ServerLimits(connectionsMax: 512, bodyBytesMax: Limits.inflatedBytesMax)

    public init(connectionsMax: Int, bodyBytesMax: Int) {
        self.connectionsMax = connectionsMax
        self.bodyBytesMax = bodyBytesMax
        bytesInFlightMax = 2 * bodyBytesMax
    }

    /// HTTP/1.1 under these limits.
    /// - Parameter expired: called when a request was given up because the rest of it did not come.
    func server(expired: @escaping @Sendable () -> Void = {}) -> HTTPServerBuilder {
        let limits = self
        var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
        decoder.maxHeaderFieldSize = headerBytesMax
        decoder.maxHeaderListSize = headerBytesMax
        decoder.maxHeaderFieldCount = 128
        return .http1(
            configuration: .init(
                additionalChannelHandlers: [RequestWatch(limits, expired: expired)],
                idleTimeout: .milliseconds(idleMilliseconds), httpDecoderConfiguration: decoder))
    }

    func configuration(host: String, port: Int) -> ApplicationConfiguration {
        var quiet = Logger(label: "kilter.connections", factory: { _ in SwiftLogNoOpLogHandler() })
        quiet.logLevel = .critical
        return ApplicationConfiguration(
            address: .hostname(host, port: port), serverName: "kilter",
            availableConnectionsDelegate: .maximum(connectionsMax, logger: quiet))
    }
}
