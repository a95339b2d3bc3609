import CLanes
import KilterMath
import KilterVocabulary

extension SpanResolver {
    /// Fingerprints and sizes of arguments, result and message.
    func resolveContent(_ row: inout SpanRecord) throws(Refusal) {
        let isTool = row.kind == .executeTool
        let arguments = isTool ? try toolArguments() : candidates.first(.arguments)
        if arguments.shape != .absent {
            (row.arguments, row.argumentsCharacters) = try comparable(arguments, &row.flags)
            if isTool, row.arguments.isKnown {
                let text = comparedText(arguments)
                row.argumentsSketch = WordSketch(of: text, withDigits: false)
                row.command = commandWord(text)
                if !space.pointee.rules.volatile.isEmpty { dropVolatile(arguments, &row) }
            }
        }
        var result = candidates.first(.result)
        if result.shape == .absent && isTool { result = candidates.first(.genericOutput) }
        if result.shape != .absent {
            (row.result, row.resultCharacters) = try comparable(result, &row.flags)
            if isTool, row.result.isKnown, row.resultCharacters > 0 || result.shape != .text { settle(result, &row) }
            if isTool, row.result.isKnown, row.resultCharacters == 0 { row.flags.insert(.briefResult) }
        }
        resolveProducerHashes(&row)
        if isTool, row.result.isKnown, answersAreReceipts() { row.flags.insert(.briefResult) }
        resolveMessage(&row)
    }

    /// Of a tree, and of JSON text, the canonical form is still there once it was made comparable.
    private func isJSON(_ value: AttributeValue) -> Bool {
        (value.shape != .text && value.shape != .plainTree) || space.pointee.isCanonical
    }

    /// The text that the last fingerprint is of.
    private func comparedText(_ value: AttributeValue) -> Text { isJSON(value) ? space.pointee.canonical.text : value.text }

    /// Notes a result that says next to nothing, and compares one with volatile parts without them.
    private func settle(_ value: AttributeValue, _ row: inout SpanRecord) {
        let isJSON = isJSON(value)
        let text = comparedText(value)
        if isJSON, space.pointee.canonical.hasVerdictName, saysFailure(text) { row.flags.insert(.failed) }
        if isBrief(text) || (!isJSON && isReceipt(text)) {
            row.flags.insert(.briefResult)
        } else {
            row.resultSketch = WordSketch(of: text, withDigits: true)
        }
        let seen = text.prefix(min(text.count, Limits.settledBytesMax))
        let own = space.pointee.rules.volatile.isEmpty ? .none : space.pointee.volatileNames(of: toolName(row.kind))
        let mayBeNamed = isJSON && (space.pointee.canonical.hasVolatileName || !own.isEmpty)
        guard mayBeNamed || kilter_may_be_volatile(seen.base, seen.count) != 0 else { return }
        let mark = space.pointee.arena.used
        defer { space.pointee.arena.rewind(to: mark) }
        guard text.count <= Limits.settledBytesMax, let out = space.pointee.arena.room(text.count) else { return }
        let names = own.isEmpty ? VolatileParts.names : VolatileParts.names.union(own)
        var scan = VolatileScan(text, into: out, names: names)
        guard let count = scan.settle(isJSON: isJSON) else { return }
        row.result = fingerprint(space.pointee.arena.keep(count), .settled)
    }

    /// Compares arguments without the members that the configuration calls volatile for the tool.
    private func dropVolatile(_ value: AttributeValue, _ row: inout SpanRecord) {
        guard isJSON(value) else { return }
        let names = space.pointee.volatileNames(of: toolName(row.kind))
        if names.isEmpty { return }
        let mark = space.pointee.arena.used
        defer { space.pointee.arena.rewind(to: mark) }
        let text = space.pointee.canonical.text
        guard let out = space.pointee.arena.room(text.count) else { return }
        var scan = VolatileScan(text, into: out, names: names)
        guard let count = scan.dropNamed() else { return }
        let kept = space.pointee.arena.keep(count)
        row.arguments = fingerprint(kept, .settled)
        row.argumentsSketch = WordSketch(of: kept, withDigits: false)
    }

    /// The tool's own attribute, else the generic input of a tool span, else parameters that are no definition.
    private func toolArguments() throws(Refusal) -> AttributeValue {
        let current = candidates.first(.arguments)
        if current.shape != .absent { return current }
        let input = candidates.first(.genericInput)
        if input.shape != .absent { return input }
        let parameters = candidates.first(.toolParameters)
        return try isSchema(parameters) ? .absent : parameters
    }

    /// True for an object with the members `type` and `properties`: a definition of parameters.
    private func isSchema(_ value: AttributeValue) throws(Refusal) -> Bool {
        guard let canonical = try canonicalTree(value) else { return false }
        return member("\"properties\":", of: canonical) != nil && member("\"type\":", of: canonical) != nil
    }

    /// The member `model` of the request parameters that OpenInference records as JSON text. Valid until the next
    /// value is made canonical.
    func modelFromParameters() -> Text {
        guard let text = space.pointee.terminated(candidates.text(.invocationParameters)),
            space.pointee.canonicalize(text)
        else { return .none }
        let canonical = space.pointee.canonical.text
        guard let start = member("\"model\":\"", of: canonical) else { return .none }
        var end = start
        while end < canonical.count && canonical[end] != Byte.quote && canonical[end] != Byte.backslash { end += 1 }
        return end < canonical.count && canonical[end] == Byte.quote ? canonical.dropFirst(start).prefix(end - start) : .none
    }

    /// Where, in the canonical text of an object, what follows `key` begins; only the outermost object counts.
    func member(_ key: StaticString, of text: Text) -> Int? {
        guard text.hasPrefix("{") else { return nil }
        var depth = 0
        var index = 0
        while index < text.count {
            switch text[index] {
            case Byte.openBrace, Byte.openBracket: depth += 1
            case Byte.closeBrace, Byte.closeBracket: depth -= 1
            case Byte.quote:
                if depth == 1 && text.dropFirst(index).hasPrefix(key) { return index + key.utf8CodeUnitCount }
                index += 1
                while index < text.count && text[index] != Byte.quote {
                    index += text[index] == Byte.backslash ? 2 : 1
                }
            default: break
            }
            index += 1
        }
        return nil
    }

    // MARK: Comparable values

    /// Fingerprint of a value and its length in characters (of the text as sent; of the canonical text for trees).
    /// Absent and redacted are unknown; `None`, `null`, `{}` and the empty string are one value.
    private func comparable(
        _ value: AttributeValue, _ flags: inout SpanFlags
    ) throws(Refusal) -> (Fingerprint, UInt32) {
        let mark = space.pointee.arena.used
        defer { space.pointee.arena.rewind(to: mark) }
        switch value.shape {
        case .absent, .badNumber: return (.unknown, 0)
        case .text: return comparable(text: value.text, &flags)
        case .plainTree: return comparable(text: value.text, &flags)
        case .protobufTree: try TreeWriter(space: space).write(protobuf: value.text)
        case .jsonTree: try TreeWriter(space: space).write(json: value)
        case .integer, .double, .boolean, .bytes: writeScalar(value)
        }
        let text = space.pointee.canonical.text
        let isEmpty = isEmptyValue(text)
        return (isEmpty ? space.pointee.fingerprints.empty : fingerprint(text, .canonical), isEmpty ? 0 : characters(text))
    }

    func writeScalar(_ value: AttributeValue) {
        space.pointee.canonical.begin()
        switch value.shape {
        case .integer: space.pointee.canonical.integer(Int64(bitPattern: value.bits))
        case .double: space.pointee.canonical.double(Double(bitPattern: value.bits))
        case .boolean: space.pointee.canonical.literal(value.bits != 0 ? "true" : "false")
        default: space.pointee.canonical.base64(value.text)
        }
    }

    private func comparable(text: Text, _ flags: inout SpanFlags) -> (Fingerprint, UInt32) {
        if text.equals("__REDACTED__") {
            flags.insert(.redacted)
            space.pointee.note(.redacted)
            return (.unknown, 0)
        }
        let (fingerprint, isEmpty) = space.pointee.fingerprint(text)
        // However a client spaces its JSON, the same arguments are of the same length.
        let compared = space.pointee.isCanonical ? space.pointee.canonical.text : text
        return (fingerprint, isEmpty ? 0 : characters(compared))
    }

    @inline(__always) private func fingerprint(_ text: Text, _ domain: Fingerprinter.Domain) -> Fingerprint {
        space.pointee.fingerprints.fingerprint(text, domain)
    }

    @inline(__always) private func characters(_ text: Text) -> UInt32 {
        UInt32(clamping: kilter_scalars(text.base, text.count))
    }

    // MARK: What the producer computed

    /// Fingerprints and sizes that the producer sent instead of content; they win over content.
    private func resolveProducerHashes(_ row: inout SpanRecord) {
        if candidates.has(.argumentsHash) {
            row.arguments = producerFingerprint(.argumentsHash) ?? row.arguments
        }
        if candidates.has(.resultHash) {
            row.result = producerFingerprint(.resultHash) ?? row.result
            row.flags.remove(.briefResult)
        }
        if candidates.has(.argumentsCharacters), let count = number(.argumentsCharacters, &row.flags) {
            row.argumentsCharacters = UInt32(clamping: count)
        }
        if candidates.has(.resultCharacters), let count = number(.resultCharacters, &row.flags) {
            row.resultCharacters = UInt32(clamping: count)
            // Fewer characters than letters are asked for.
            if count < 16, row.kind == .executeTool { row.flags.insert(.briefResult) }
        }
    }

    private func producerFingerprint(_ field: Field) -> Fingerprint? {
        let value = candidates.first(field)
        switch value.shape {
        case .bytes: return value.text.isEmpty ? nil : fingerprint(value.text, .producer)
        case .text:
            if value.text.isEmpty { return nil }
            guard let bytes = hexBytes(value.text) else { return fingerprint(value.text, .producer) }
            return fingerprint(bytes, .producer)
        default: return nil
        }
    }

    /// The bytes that hexadecimal text of either case stands for.
    private func hexBytes(_ text: Text) -> Text? {
        guard text.count % 2 == 0, let out = space.pointee.arena.room(text.count) else { return nil }
        for index in 0..<text.count / 2 {
            guard let high = hexDigit(text[2 * index]), let low = hexDigit(text[2 * index + 1]) else { return nil }
            out[index] = UInt8(truncatingIfNeeded: high << 4 | low)
        }
        return space.pointee.arena.keep(text.count / 2)
    }

    // MARK: Messages

    private func resolveMessage(_ row: inout SpanRecord) {
        if candidates.has(.messageDigest) {
            let value = candidates.first(.messageDigest)
            let bytes = value.shape == .text ? hexBytes(value.text) ?? value.text : value.text
            let isText = value.shape == .text || value.shape == .bytes
            if isText && !bytes.isEmpty { row.messageDigest = fingerprint(bytes, .messageHash).low }
        }
        if candidates.has(.messageText) {
            let text = candidates.text(.messageText)
            if row.messageDigest == 0 && !text.isEmpty { row.messageDigest = fingerprint(text, .messageText).low }
            row.messageCharacters = characters(text)
        }
        if candidates.has(.messageCharacters), let count = number(.messageCharacters, &row.flags) {
            row.messageCharacters = UInt32(clamping: count)
        }
        if candidates.has(.messageSimilarity) { row.messageSimilarity = similarity() }
        if candidates.has(.phase) { row.phase = StableHash.hash(candidates.text(.phase).buffer) }
    }

    /// Sixteen hexadecimal digits or fewer, eight bytes, or the number itself.
    private func similarity() -> UInt64 {
        let value = candidates.first(.messageSimilarity)
        switch value.shape {
        case .integer: return value.bits
        case .bytes: return value.text.count == 8 ? load8(value.text.base).byteSwapped : 0
        case .text:
            guard value.text.count <= 16 else { return 0 }
            var bits: UInt64 = 0
            for index in 0..<value.text.count {
                guard let digit = hexDigit(value.text[index]) else { return 0 }
                bits = bits << 4 | UInt64(digit)
            }
            return bits
        default: return 0
        }
    }
}
