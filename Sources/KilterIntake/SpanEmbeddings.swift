import KilterMath
import KilterVocabulary

extension SpanResolver {
    /// The embedding of a model call, of unit length; projected later, with others.
    @inline(__always) func resolveEmbedding(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        if candidates.ranks(.embedding) == 0 || !row.kind.isInference { return }
        keepEmbedding(&row, into: &batch)
    }

    @inline(never) private func keepEmbedding(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        guard space.pointee.embeddings.take(candidates.first(.embedding), place: batch.embeddings.count) else {
            row.flags.insert(.badNumber)
            space.pointee.note(.embeddingUnreadable)
            return
        }
        batch.embeddings.append(Embedding(projected: SIMD16(repeating: 0), dimensions: 0))
        row.embedding = UInt32(clamping: batch.embeddings.count)
        if space.pointee.embeddings.isFull { space.pointee.embeddings.project(into: &batch) }
    }
}

/// Embeddings of the payload being read that wait to be projected together.
struct EmbeddingDesk {
    private struct Waiting {
        var first: Int
        var dimensions: Int
        /// Where it stands in the batch.
        var place: Int
    }

    /// As many as are projected together at most: what a batch holds changes no result, only the memory it takes.
    private static let waitingMax = 64

    private var values: [Float] = []
    private var waiting: [Waiting] = []

    var isFull: Bool { waiting.count >= Self.waitingMax }

    mutating func removeAll() {
        values.removeAll(keepingCapacity: true)
        waiting.removeAll(keepingCapacity: true)
    }

    /// Takes an array of numbers; false, and nothing taken, for what is none, is too long, or has no direction.
    mutating func take(_ value: AttributeValue, place: Int) -> Bool {
        let first = values.count
        let isRead: Bool
        switch value.shape {
        case .protobufTree: isRead = (try? read(protobuf: value.text)) ?? false
        case .jsonTree, .plainTree: isRead = read(json: value.text)
        default: isRead = false
        }
        guard isRead, values.count > first, normalise(from: first) else {
            values.removeSubrange(first...)
            return false
        }
        waiting.append(Waiting(first: first, dimensions: values.count - first, place: place))
        return true
    }

    /// Projects all that wait, those of one length together.
    mutating func project(into batch: inout SpanBatch) {
        while let dimensions = waiting.first?.dimensions {
            let alike = waiting.filter { $0.dimensions == dimensions }
            var vectors: [Float] = []
            vectors.reserveCapacity(alike.count * dimensions)
            for one in alike { vectors += values[one.first..<one.first + dimensions] }
            for (one, projected) in zip(alike, SignProjection.project(vectors, dimensions: dimensions)) {
                guard one.place < batch.embeddings.count else { continue }
                batch.embeddings[one.place] = Embedding(projected: projected, dimensions: UInt16(clamping: dimensions))
            }
            waiting.removeAll { $0.dimensions == dimensions }
        }
        values.removeAll(keepingCapacity: true)
    }

    /// To unit length; false for a vector without one.
    private mutating func normalise(from first: Int) -> Bool {
        var sum = 0.0
        for index in first..<values.count { sum += Double(values[index]) * Double(values[index]) }
        guard sum > 1e-60, sum < .infinity else { return false }
        let scale = 1 / sum.squareRoot()
        for index in first..<values.count { values[index] = Float(Double(values[index]) * scale) }
        return true
    }

    /// False when there is no room for one more, or it is no number.
    private mutating func append(_ value: Double, _ first: Int) -> Bool {
        guard values.count - first < Limits.embeddingDimensionsMax, value.magnitude < 1e30 else { return false }
        values.append(Float(value))
        return true
    }

    // MARK: Protobuf

    /// An AnyValue message that holds an array of numbers.
    private mutating func read(protobuf message: Text) throws(Refusal) -> Bool {
        let first = values.count
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            guard tag == Tag.arrayValue else {
                try reader.skip(tag)
                continue
            }
            var array = ProtobufReader(try reader.bytes())
            while !array.isAtEnd {
                let tag = try array.tag()
                guard tag == Tag.length1 else {
                    try array.skip(tag)
                    continue
                }
                var element = ProtobufReader(try array.bytes())
                guard let number = try number(&element), append(number, first) else { return false }
            }
        }
        return true
    }

    private func number(_ element: inout ProtobufReader) throws(Refusal) -> Double? {
        var number: Double?
        while !element.isAtEnd {
            let tag = try element.tag()
            switch tag {
            case Tag.doubleValue: number = Double(bitPattern: try element.fixed64())
            case Tag.intValue: number = Double(Int64(bitPattern: try element.varint()))
            default: return nil
            }
        }
        return number
    }

    // MARK: JSON

    /// An AnyValue object, or a plain array: well-formed text, of which nothing but numbers is taken.
    private mutating func read(json text: Text) -> Bool {
        let first = values.count
        var p = text.base
        var isWrapped = false
        while p < text.end {
            switch p.pointee {
            case UInt8(ascii: "-"), 0x30...0x39:
                guard let number = NumberText.read(&p), append(Self.double(number.text), first) else { return false }
                continue
            case Byte.quote:
                let start = p + 1
                p = start
                while p < text.end, p.pointee != Byte.quote, p.pointee != Byte.backslash { p += 1 }
                guard p < text.end, p.pointee == Byte.quote else { return false }
                let word = Text(start, p - start)
                if word.equals("doubleValue") || word.equals("intValue") || word.equals("double_value") || word.equals("int_value") {
                    isWrapped = true
                } else if isWrapped, word.count > 0, word[0] == UInt8(ascii: "-") || word[0] &- 0x30 < 10 {
                    // Whole numbers of 64 bits stand in quotes.
                    var digits = start
                    guard let number = NumberText.read(&digits), digits == p, append(Self.double(number.text), first) else { return false }
                } else if !word.equals("values") && !word.equals("arrayValue") && !word.equals("array_value") {
                    return false
                }
            case Byte.openBracket, Byte.closeBracket, Byte.openBrace, Byte.closeBrace, Byte.comma, Byte.colon, 0x20, 0x09, 0x0a, 0x0d: break
            default: return false
            }
            p += 1
        }
        return true
    }

    private static let powers: [Double] = (0...22).map { power in (0..<power).reduce(1.0) { value, _ in value * 10 } }

    /// The value of a number of JSON's grammar, to within three units in the last place; nothing is allocated.
    private static func double(_ text: Text) -> Double {
        var digits: UInt64 = 0, exponent = 0, at = 0, isFraction = false
        let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
        if isNegative { at = 1 }
        while at < text.count {
            let byte = text[at]
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else if byte &- 0x30 < 10 {
                // Beyond eighteen digits nothing changes any more.
                if digits < 100_000_000_000_000_000 {
                    digits = digits * 10 + UInt64(byte - 0x30)
                    if isFraction { exponent -= 1 }
                } else if !isFraction {
                    exponent += 1
                }
            } else {
                break
            }
            at += 1
        }
        if at < text.count { exponent += Int(clamped: text.dropFirst(at + 1)) }
        var value = Double(digits)
        while exponent > 0, value > 0, value < .infinity {
            value *= powers[min(exponent, 22)]
            exponent -= min(exponent, 22)
        }
        while exponent < 0, value > 0 {
            value /= powers[min(-exponent, 22)]
            exponent += min(-exponent, 22)
        }
        return isNegative ? -value : value
    }
}

extension Int {
    /// The exponent of a number: digits behind an optional sign, within ±999.
    fileprivate init(clamped text: Text) {
        var value = 0
        for index in 0..<text.count where text[index] &- 0x30 < 10 { value = Swift.min(value * 10 + Int(text[index] - 0x30), 999) }
        self = text.count > 0 && text[0] == UInt8(ascii: "-") ? -value : value
    }
}
