/// One received message of several frames, copied into one owned block that is used again for the next message.
/// Behind every frame lie 64 zero bytes, so that a scanner may read a vector's width past its end.
// Guard: noncopyable and the only owner of its memory, so one thread uses it at a time.
public struct MessageBuffer: ~Copyable, @unchecked Sendable {
    // Guard of the unchecked conformance and of the pointer: the struct cannot be copied, so whoever holds it is alone.
    private var storage: UnsafeMutableRawPointer
    private var capacity: Int
    private var used = 0
    private var frames: [Frame] = []

    private struct Frame {
        var offset: Int
        var count: Int
    }

    /// Zero bytes behind every frame; frames start at multiples of it.
    public static let slack = 64

    /// Why a message was not kept whole.
    public enum Flaw: Sendable, Equatable { case tooManyFrames, tooManyBytes, incomplete }

    /// Frames kept of one message.
    public let framesMax: Int
    /// Bytes kept of one message, all frames together.
    public let bytesMax: Int
    /// Set when frames are missing; the frames kept are whole ones from the front.
    public private(set) var flaw: Flaw?
    /// Bytes of the message as received, including what was not kept.
    public private(set) var bytesReceived = 0
    /// Frames of the message as received, including those that were not kept.
    public private(set) var framesReceived = 0
    private var bytesKept = 0

    /// Memory grows to the largest message seen and never beyond `bytesMax` plus the slack.
    public init(framesMax: Int = 8, bytesMax: Int = 8 << 20) {
        self.framesMax = max(framesMax, 1)
        self.bytesMax = max(bytesMax, 0)
        capacity = 4_096
        storage = .allocate(byteCount: capacity, alignment: Self.slack)
        frames.reserveCapacity(self.framesMax)
    }

    deinit { storage.deallocate() }

    /// Frames kept.
    public var count: Int { frames.count }

    /// The bytes of a frame, followed by `slack` zero bytes. Valid until the buffer is filled again or ends.
    /// `index` must be below `count`.
    public func frame(_ index: Int) -> UnsafeRawBufferPointer {
        let frame = frames[index]
        return UnsafeRawBufferPointer(start: storage + frame.offset, count: frame.count)
    }

    /// A copy of a frame.
    public func bytes(_ index: Int) -> [UInt8] { Array(frame(index)) }

    /// Forgets the message.
    public mutating func clear() {
        used = 0
        frames.removeAll(keepingCapacity: true)
        flaw = nil
        bytesReceived = 0
        framesReceived = 0
        bytesKept = 0
    }

    /// Adds a frame, or notes why not. Once a frame is missing, no later one is kept.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        framesReceived &+= 1
        bytesReceived &+= bytes.count
        guard flaw == nil else { return }
        guard frames.count < framesMax else { return flaw = .tooManyFrames }
        guard bytes.count <= bytesMax - bytesKept else { return flaw = .tooManyBytes }
        let padded = (bytes.count + 2 * Self.slack - 1) / Self.slack * Self.slack
        reserve(used + padded)
        let start = storage + used
        if let source = bytes.baseAddress, bytes.count > 0 { start.copyMemory(from: source, byteCount: bytes.count) }
        (start + bytes.count).initializeMemory(as: UInt8.self, repeating: 0, count: padded - bytes.count)
        frames.append(Frame(offset: used, count: bytes.count))
        used += padded
        bytesKept += bytes.count
    }

    mutating func markIncomplete() { flaw = .incomplete }

    private mutating func reserve(_ needed: Int) {
        guard needed > capacity else { return }
        let grown = max(needed, min(capacity * 2, bytesMax + 2 * Self.slack * framesMax))
        let moved = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: Self.slack)
        moved.copyMemory(from: storage, byteCount: used)
        storage.deallocate()
        storage = moved
        capacity = grown
    }
}
