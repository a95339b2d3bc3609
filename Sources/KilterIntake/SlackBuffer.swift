/// Growable bytes with readable zeros behind them, for scanners that look past the end of their input.
///
/// Growing keeps the content and doubles at least, so appending costs amortised one copy. Memory is returned
/// when the value ends.
public struct SlackBuffer: ~Copyable {
    /// Zeroed bytes that follow the content after `seal`.
    public static let slack = 64

    // Guard: this value is the only owner; it cannot be copied, and frees the memory in `deinit`.
    private var base: UnsafeMutableRawPointer
    public private(set) var capacity: Int
    /// Bytes of content.
    public private(set) var count = 0

    public init(capacity: Int = 0) {
        self.capacity = capacity
        base = .allocate(byteCount: capacity + Self.slack, alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: Self.slack)
    }

    deinit { base.deallocate() }

    /// The content. Valid until the next mutation.
    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Room behind the content that may be written and then claimed with `extend`.
    public var spare: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: base + count, count: capacity - count)
    }

    public mutating func reserve(_ wanted: Int) {
        guard wanted > capacity else { return }
        let grown = max(wanted, capacity * 2)
        let fresh = UnsafeMutableRawPointer.allocate(byteCount: grown + Self.slack, alignment: 64)
        fresh.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = fresh
        capacity = grown
        seal()
    }

    /// Claims `written` bytes of `spare` as content.
    public mutating func extend(by written: Int) { count += min(max(written, 0), capacity - count) }

    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        reserve(count + bytes.count)
        spare.copyMemory(from: bytes)
        count += bytes.count
    }

    /// Forgets the content and keeps the memory.
    /// Puts `byte` at `offset`, which is inside the content or its slack, and returns what was there.
    mutating func replace(at offset: Int, with byte: UInt8) -> UInt8 {
        precondition(offset >= 0 && offset < count + Self.slack, "BUG: beyond the slack")
        let before = base.load(fromByteOffset: offset, as: UInt8.self)
        base.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
        return before
    }

    public mutating func removeAll() { count = 0 }

    /// Forgets what stands behind the first `kept` bytes.
    public mutating func truncate(to kept: Int) { count = min(count, max(kept, 0)) }

    /// Zeroes the slack behind the content.
    public mutating func seal() {
        (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: Self.slack)
    }
}
