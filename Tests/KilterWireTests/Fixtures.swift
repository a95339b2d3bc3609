import KilterWire

/// A small generator with a fixed sequence (SplitMix64), so that every run sees the same frames.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}

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
