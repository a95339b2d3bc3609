/// What waits for its time: a binary heap that gives back the earliest first, and of two at one time the one that came first.
struct EarliestFirst<Element> {
    private var heap: [(time: UInt64, number: Int, element: Element)] = []
    private var count = 0

    /// Unix nanoseconds of what comes next.
    var earliest: UInt64? { heap.first?.time }

    mutating func insert(_ element: Element, at time: UInt64) {
        heap.append((time, count, element))
        count += 1
        var place = heap.count - 1
        while place > 0, precedes(place, (place - 1) / 2) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func next() -> Element? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.element
    }

    private mutating func sink() {
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && precedes(child, least) { least = child }
            if least == place { return }
            heap.swapAt(place, least)
            place = least
        }
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool { (heap[a].time, heap[a].number) < (heap[b].time, heap[b].number) }
}
