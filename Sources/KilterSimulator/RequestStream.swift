import KilterVocabulary

/// Groups spans into requests as they come, service by service.
struct RequestStream {
    private let batching: Batching
    private var open: [String: ExportRequest] = [:]
    /// Services in the order in which their requests were begun, and when.
    private var begun: [(service: String, end: UInt64)] = []
    private var first = 0

    init(_ batching: Batching) { self.batching = batching }

    /// Takes the next span in the order of ends; returns the requests that leave before or with it.
    mutating func take(_ span: SimulatedSpan) -> [ExportRequest] {
        var left: [ExportRequest] = []
        while first < begun.count, span.end - begun[first].end > batching.delayMax.count {
            let (service, end) = begun[first]
            first += 1
            if open[service]?.spans.first?.end == end, let request = open.removeValue(forKey: service) { left.append(request) }
        }
        if first > 4_096 {
            begun.removeFirst(first)
            first = 0
        }
        let service = span.service.name
        if open[service] == nil {
            open[service] = ExportRequest(service: span.service, spans: [])
            begun.append((service, span.end))
        }
        open[service]?.spans.append(span)
        if open[service]?.spans.count ?? 0 >= batching.spansMax, let request = open.removeValue(forKey: service) { left.append(request) }
        return left
    }

    /// What waits of one service leaves at once.
    mutating func leave(_ service: String) -> ExportRequest? { open.removeValue(forKey: service) }

    /// What is left, in the order in which it was begun.
    mutating func close() -> [ExportRequest] {
        var left: [ExportRequest] = []
        for (service, _) in begun[first...] {
            if let request = open.removeValue(forKey: service) { left.append(request) }
        }
        return left
    }
}
