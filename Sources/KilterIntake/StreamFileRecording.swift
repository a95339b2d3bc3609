import KilterVocabulary

// Recordings: records with arrival times behind one header.
extension StreamSplitter {
    mutating func splitRecording(_ block: inout StreamBlock, _ filled: Int, atEnd: Bool) {
        let bytes = block.bytes
        if !isBehindHeader {
            guard passHeader(UnsafeRawBufferPointer(rebasing: bytes[consumed..<filled]), atEnd: atEnd) else { return }
        }
        while consumed < filled && block.payloads.count < Self.payloadsMax {
            let record = UnsafeRawBufferPointer(rebasing: bytes[consumed..<filled])
            guard record.count >= Recording.headBytes else {
                if atEnd { fault = truncated("the head of a message") }
                return
            }
            guard let head = Recording.Head(record) else { return fault = damaged("the head of the message is damaged") }
            guard Int(head.payloadBytes) <= payloadMax else { return fault = tooLarge(UInt64(head.payloadBytes)) }
            guard head.recordBytes <= record.count else {
                if atEnd { fault = truncated("a message of \(head.payloadBytes) bytes") }
                return
            }
            guard isIntact(record, head) else { return fault = damaged("the checksum of the message does not fit") }
            add(head, to: &block)
            consumed += head.recordBytes
            sawRecord = true
        }
        if atEnd && !sawRecord { fault = .empty(file: file) }
    }

    /// False when the header is not whole yet, or is wrong, which sets `fault`.
    private mutating func passHeader(_ bytes: UnsafeRawBufferPointer, atEnd: Bool) -> Bool {
        guard bytes.count >= Recording.prologueBytes else {
            if atEnd { fault = truncated("the header of the recording") }
            return false
        }
        let format = UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
        guard format == Recording.format else {
            fault = damaged("a recording of format \(format), where this build reads format \(Recording.format),")
            return false
        }
        let info = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        let end = Recording.prologueBytes + info
        guard info <= Recording.infoBytesMax else {
            fault = damaged("the header of the recording is damaged")
            return false
        }
        guard bytes.count >= end + Recording.checksumBytes else {
            if atEnd { fault = truncated("the header of the recording") }
            return false
        }
        let stated = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self))
        guard stated == Recording.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<end])) else {
            fault = damaged("the header of the recording is damaged")
            return false
        }
        isBehindHeader = true
        consumed += end + Recording.checksumBytes
        return true
    }

    private func isIntact(_ record: UnsafeRawBufferPointer, _ head: Recording.Head) -> Bool {
        let end = head.recordBytes - Recording.checksumBytes
        let content = UnsafeRawBufferPointer(rebasing: record[Recording.headBytes..<end])
        let stated = UInt32(littleEndian: record.loadUnaligned(fromByteOffset: end, as: UInt32.self))
        return stated == Recording.checksum(content)
    }

    /// A mark becomes a payload without bytes: it decodes to nothing and says when it arrived.
    private mutating func add(_ head: Recording.Head, to block: inout StreamBlock) {
        guard let kind = Recording.Kind(rawValue: head.kind) else { return }
        let start = consumed + Recording.headBytes + Int(head.topicBytes)
        var payload = StreamPayload(
            offset: start, count: Int(head.payloadBytes), encoding: head.encoding, number: number + 1,
            position: base + UInt64(consumed), signal: head.signal)
        payload.encodingIsDeclared = head.encodingIsDeclared
        payload.sequence = head.sequence
        payload.topicBytes = Int(head.topicBytes)
        payload.arrival = head.arrival
        block.add(payload)
        if kind == .message { number += 1 }
    }

    private func damaged(_ reason: String) -> StreamError { .corrupt(file: file, at: place, reason: reason) }
}
