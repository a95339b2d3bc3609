/// A queue of deadlines in event time: earliest first, equal times in the order of their serial numbers.
///
/// A binary heap, re-arming is lazy: the owner pushes a deadline once and, when it comes up early, pushes it again at
/// its real time. Cost per deadline O(log n), nothing per elapsed second.
public struct Deadlines<Key: Sendable>: Sendable {
    public struct Entry: Sendable {
        public var time: EventTime
        public var serial: UInt64
        public var key: Key

        @inlinable init(time: EventTime, serial: UInt64, key: Key) {
            self.time = time
            self.serial = serial
            self.key = key
        }
    }

    @usableFromInline var heap: [Entry] = []

    @inlinable public init() {}

    @inlinable public var next: EventTime { heap.first?.time ?? .never }
    @inlinable public var count: Int { heap.count }

    @inlinable public mutating func push(_ key: Key, at time: EventTime, serial: UInt64) {
        heap.append(Entry(time: time, serial: serial, key: key))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(heap[child], heap[parent]) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the earliest deadline if it is due at `time`.
    @inlinable public mutating func pop(dueAt time: EventTime) -> Entry? {
        guard let first = heap.first, first.time <= time else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first
    }

    @inlinable mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(heap[child], heap[least]) {
                least = child
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    @inlinable func precedes(_ a: Entry, _ b: Entry) -> Bool {
        a.time != b.time ? a.time < b.time : a.serial < b.serial
    }
}
