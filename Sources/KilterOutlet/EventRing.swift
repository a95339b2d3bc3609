/// The newest event bodies of one stream, bounded in number and bytes; the oldest make room. Sequences are gap-free.
/// Appending and reading cost constant time.
struct EventRing: Sendable {
    private var slots: [[UInt8]] = []
    private var bytes = 0
    private let countMax: Int
    private let bytesMax: Int
    /// Sequence of the newest event; zero before the first.
    private(set) var head: UInt64
    private var count = 0

    init(countMax: Int, bytesMax: Int, head: UInt64 = 0) {
        self.countMax = max(countMax, 1)
        self.bytesMax = max(bytesMax, 0)
        self.head = head
    }

    /// Sequence of the oldest event that can be fetched; one past the head when there is none.
    var oldest: UInt64 { head &- UInt64(count) &+ 1 }

    subscript(sequence: UInt64) -> [UInt8]? {
        guard sequence >= oldest, sequence <= head else { return nil }
        return slots[slot(of: sequence)]
    }

    /// Appends and returns the sequence. A body that alone exceeds the bound of bytes leaves the ring empty.
    mutating func append(_ body: [UInt8]) -> UInt64 {
        while count > 0 && (count == countMax || body.count > bytesMax - bytes) { dropOldest() }
        let kept = body.count <= bytesMax
        if kept && count == slots.count { grow() }
        head &+= 1
        guard kept else { return head }
        slots[slot(of: head)] = body
        count += 1
        bytes += body.count
        return head
    }

    private func slot(of sequence: UInt64) -> Int { Int(sequence % UInt64(slots.count)) }

    private mutating func dropOldest() {
        let place = slot(of: oldest)
        bytes -= slots[place].count
        slots[place] = []
        count -= 1
    }

    /// Twice the slots, each event in its new place.
    private mutating func grow() {
        let first = oldest
        let kept = (0..<UInt64(count)).map { slots[slot(of: first &+ $0)] }
        slots = Array(repeating: [], count: min(max(slots.count * 2, 64), countMax))
        for (index, body) in kept.enumerated() { slots[slot(of: first &+ UInt64(index))] = body }
    }
}
