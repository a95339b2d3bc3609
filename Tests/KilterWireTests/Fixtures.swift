import KilterWire

/// Long enough that only a failure waits for it.
let guardMilliseconds = 10_000

/// A `pull` bound to a free port, and a `push` connected to it.
func pair(
    _ pullOptions: SocketOptions = SocketOptions(), _ pushOptions: SocketOptions = SocketOptions()
) throws -> Pair {
    let context = try Context.ofProcess()
    let pull = try Socket(.pull, in: context, options: pullOptions)
    let endpoint = try pull.bind("tcp://127.0.0.1:*")
    let push = try Socket(.push, in: context, options: pushOptions)
    try push.connect(endpoint)
    return Pair(pull: pull, push: push, endpoint: endpoint)
}

struct Pair: ~Copyable {
    let pull: Socket
    let push: Socket
    let endpoint: String
}

func frames(_ buffer: borrowing MessageBuffer) -> [[UInt8]] { (0..<buffer.count).map { buffer.bytes($0) } }
