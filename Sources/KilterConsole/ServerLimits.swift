import Hummingbird
import HummingbirdCore
import KilterVocabulary
import Logging
import NIOCore

/// What one HTTP server grants its clients. A client that wants more is answered or cut, and nobody else waits for it.
public struct ServerLimits: Sendable {
    /// Connections at one time; a further one takes the place of a quiet one, or is answered 503.
    public var connectionsMax: Int
    /// Bytes of one body; a client that asks before it sends more is not invited to.
    public var bodyBytesMax: Int
    /// Bytes of all bodies that are held at one time, from the first one read to the answer; beyond, 503.
    public var bytesInFlightMax: Int
    /// Bytes of all header fields of one request, the longest line of which may take them all.
    public var headerBytesMax = 16 << 10
    /// Header fields of one request.
    public var headerFieldsMax = 128
    /// Time from the first byte of a request to the end of its header, and again to the end of its body. SDKs give up
    /// after ten seconds themselves. Also the time for the first byte on a new connection.
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

    /// Connections beyond `connectionsMax` that are on their way out: displaced, or reading why they were refused.
    static let connectionsLeaving = 16

    /// Connections that the system holds until they are accepted; one beyond tries again after a second.
    private static let connectionsWaiting = 1_024

    /// The same for as many connections as there are file descriptors for, the console's and the OTLP door's together.
    ///
    /// Half of what is free at most goes to connections, the rest to peers over ZeroMQ, files and threads. Some are always
    /// granted, so that whoever looks why so little works finds somebody to ask.
    /// - Parameter descriptorsFree: file descriptors that may still be opened.
    public static func fitting(descriptorsFree: Int) -> (console: ServerLimits, otlp: ServerLimits) {
        var (console, otlp) = (ServerLimits.console, ServerLimits.otlp)
        let room = max(descriptorsFree / 2 - 2 * connectionsLeaving, 0)
        console.connectionsMax = min(console.connectionsMax, max(room / 8, 4))
        otlp.connectionsMax = min(otlp.connectionsMax, max(room - console.connectionsMax, 4))
        return (console, otlp)
    }

    /// HTTP/1.1 under these limits.
    static func server(_ around: RequestWatch.Surroundings) -> HTTPServerBuilder {
        let limits = around.limits
        var decoder = HTTP1Channel.Configuration.DecoderConfiguration()
        decoder.maxHeaderFieldSize = limits.headerBytesMax
        decoder.maxHeaderListSize = limits.headerBytesMax
        // Fields are counted behind the decoder, which would call too many of them too long.
        decoder.maxHeaderFieldCount = limits.headerBytesMax
        return .http1(
            configuration: .init(
                additionalChannelHandlers: [RequestWatch(around)],
                idleTimeout: .milliseconds(limits.idleMilliseconds), httpDecoderConfiguration: decoder))
    }

    func configuration(host: String, port: Int) -> ApplicationConfiguration {
        var quiet = Logger(label: "kilter.connections", factory: { _ in SwiftLogNoOpLogHandler() })
        quiet.logLevel = .critical
        return ApplicationConfiguration(
            address: .hostname(host, port: port), serverName: "kilter", backlog: Self.connectionsWaiting,
            availableConnectionsDelegate: .maximum(connectionsMax + Self.connectionsLeaving, logger: quiet))
    }
}
