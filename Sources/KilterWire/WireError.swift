import CZeroMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What can go wrong with a socket, in words that a person can act on. The endpoint is always part of the text.
public enum WireError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another socket holds the port or the path.
    case addressInUse(endpoint: String)
    /// The operating system refuses this process the port or the path.
    case permissionDenied(endpoint: String)
    /// The address belongs to no interface of this machine, or the folder of the path does not exist.
    case addressNotAvailable(endpoint: String)
    /// The endpoint is not written in a form that is understood.
    case notUnderstood(endpoint: String, reason: String)
    /// A bind that other machines could reach, without authentication and without the caller's consent.
    case unauthenticatedBind(endpoint: String)
    /// Too few file descriptors are left. libzmq would abort the process where it cannot open its first ones.
    case descriptorsExhausted(reason: String)
    /// The context ends while sockets are open; it would wait for them for ever.
    case socketsOpen(count: Int)
    /// The other side of the call has ended: the context was terminated, or the thread that serves it has stopped.
    case stopped(String)
    /// Anything else libzmq or the system reports.
    case system(operation: String, code: Int32, text: String)

    public var description: String {
        switch self {
        case .addressInUse(let endpoint):
            "\(endpoint): address already in use; stop the other process or choose another port"
        case .permissionDenied(let endpoint):
            "\(endpoint): no permission to use this address"
        case .addressNotAvailable(let endpoint):
            "\(endpoint): no such address on this machine"
        case .notUnderstood(let endpoint, let reason):
            "\(endpoint): endpoint not understood: \(reason)"
        case .unauthenticatedBind(let endpoint):
            "\(endpoint): other machines could connect to this address and nothing would authenticate them; "
                + "bind to 127.0.0.1, or give --i-accept-unauthenticated"
        case .descriptorsExhausted(let reason):
            "too few file descriptors: \(reason)"
        case .socketsOpen(let count):
            "\(count) sockets are still open"
        case .stopped(let what):
            "\(what) has stopped"
        case .system(let operation, let code, let text):
            "\(operation): \(text) (error \(code))"
        }
    }

    /// The error of the libzmq call that this thread made last.
    static func last(_ operation: String) -> WireError {
        let code = zmq_errno()
        switch code {
        case WireCode.terminated: return .stopped("the messaging context")
        case EMFILE, ENFILE: return .descriptorsExhausted(reason: "\(operation): \(text(code))")
        default: return .system(operation: operation, code: code, text: text(code))
        }
    }

    /// The error of a bind or connect that this thread made last.
    static func last(_ operation: String, endpoint: String) -> WireError {
        let code = zmq_errno()
        switch code {
        case EADDRINUSE: return .addressInUse(endpoint: endpoint)
        case EACCES, EPERM: return .permissionDenied(endpoint: endpoint)
        case EADDRNOTAVAIL, ENODEV, ENOENT, ENOTDIR: return .addressNotAvailable(endpoint: endpoint)
        case EINVAL, EPROTONOSUPPORT, WireCode.incompatibleProtocol:
            return .notUnderstood(endpoint: endpoint, reason: text(code))
        default: return last("\(operation) \(endpoint)")
        }
    }

    private static func text(_ code: Int32) -> String {
        guard let text = zmq_strerror(code) else { return "unknown error" }
        return String(cString: text)
    }
}

/// libzmq's own error numbers, which Swift does not see because they are macros over an expression.
enum WireCode {
    private static let base: Int32 = 156_384_712
    static let incompatibleProtocol = base + 52
    static let terminated = base + 53
}
