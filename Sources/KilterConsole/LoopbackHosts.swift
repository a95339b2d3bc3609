import Hummingbird

/// Names under which this machine, and only it, reaches itself.
///
/// Requests that were addressed to another name are refused with 421, so that a web page cannot reach the engine
/// through a name that it lets point here.
package enum LoopbackHosts {
    static let names = ["127.0.0.1", "localhost", "::1"]

    /// Whether `authority`, the `Host` of a request with or without a port, is one of them.
    package static func admit(_ authority: String?) -> Bool {
        guard let authority else { return false }
        let isBracketed = authority.hasPrefix("[")
        let host = authority.prefix { $0 != (isBracketed ? "]" : ":") }
        let port = authority[host.endIndex...].drop { isBracketed && $0 == "]" }
        guard port.isEmpty || port.hasPrefix(":") && port.dropFirst().allSatisfy({ ("0"..."9").contains($0) }) else { return false }
        return names.contains(host.dropFirst(isBracketed ? 1 : 0).lowercased())
    }

    static let refusal = "This engine answers to 127.0.0.1 and localhost only."
}

/// The same as a part of a router.
struct LoopbackOnly: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard LoopbackHosts.admit(request.head.authority) else {
            return .sentence(.misdirectedRequest, LoopbackHosts.refusal)
        }
        return try await next(request, context)
    }
}

extension Response {
    /// A line of plain text.
    static func sentence(_ status: HTTPResponse.Status, _ text: String, _ headers: HTTPFields = [:]) -> Response {
        var all = headers
        all[.contentType] = "text/plain; charset=utf-8"
        return Response(status: status, headers: all, body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
    }
}
