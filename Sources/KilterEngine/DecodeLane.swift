import KilterIntake
import KilterVocabulary

/// What one worker needs to turn payloads into rows: its own decoder, inflater and batch, reused for ever.
final class DecodeLane: @unchecked Sendable { // Guard: in one round of the crew a lane belongs to exactly one worker.
    var batch = SpanBatch()
    var block = StreamBlock()
    /// Rows of `batch` up to and with each payload of `block`.
    private(set) var rowEnds: [Int] = []
    private var decoder: RequestDecoder
    private var inflater = Inflater()

    init(rules: IntakeRules) { decoder = RequestDecoder(rules: rules) }

    /// Decodes every payload of `block` into `batch`.
    func decodeBlock() {
        batch.removeAll()
        rowEnds.removeAll(keepingCapacity: true)
        for payload in block.payloads {
            take(payload)
            rowEnds.append(batch.rows.count)
        }
    }

    /// Decodes one payload of `block` into `batch`, which then holds nothing else.
    func decode(_ payload: StreamPayload) {
        batch.removeAll()
        take(payload)
    }

    /// Decodes one submitted request into `batch`, which then holds nothing else.
    /// - Returns: why the request failed as a whole, or nil.
    func decode(_ request: SubmittedRequest) -> QuarantineReason? {
        batch.removeAll()
        guard let declared = request.compression else {
            return decoder.decode(copying: request.body, signal: request.signal, encoding: request.encoding, into: &batch)
        }
        return request.body.withUnsafeBytes { body in
            do throws(InflateError) {
                guard Compression(magic: body) == declared else { throw .notCompressed }
                let inflated = try inflater.inflate(body).assumingMemoryBound(to: UInt8.self)
                return decoder.decode(inflated, signal: request.signal, encoding: request.encoding, into: &batch)
            } catch {
                batch.quarantine(error.reason)
                return error.reason
            }
        }
    }

    /// Adds what a payload of a file holds: the same as a message with it would have held.
    private func take(_ payload: StreamPayload) {
        let first = batch.rows.count
        block.terminated(payload) { bytes in
            do throws(InflateError) { try decode(bytes, payload.envelope) } catch { batch.quarantine(error.reason) }
        }
        if let arrival = payload.arrival { batch.clampTimes(from: first, arrival: arrival) }
    }

    /// Decodes one message from a socket, compressed or not, adding to `batch`.
    /// - Parameter frames: each with `SlackBuffer.slack` zero bytes behind it.
    /// - Returns: what the frames say of the payload, also of one that is refused; nil where they say nothing.
    func decode(frames: [UnsafeBufferPointer<UInt8>]) -> Envelope? {
        let envelope: Envelope
        do throws(Refusal) {
            envelope = try Envelope.read(frames)
        } catch {
            batch.quarantine(error.reason)
            return nil
        }
        do throws(InflateError) { try decode(frames[envelope.payloadFrame], envelope) } catch { batch.quarantine(error.reason) }
        return envelope
    }

    private func decode(_ payload: UnsafeBufferPointer<UInt8>, _ envelope: Envelope) throws(InflateError) {
        guard Compression(magic: UnsafeRawBufferPointer(payload)) != nil else {
            decoder.decode(payload, signal: envelope.signal, encoding: envelope.encoding, into: &batch)
            return
        }
        let inflated = try inflater.inflate(UnsafeRawBufferPointer(payload)).assumingMemoryBound(to: UInt8.self)
        let encoding = envelope.encodingIsDeclared ? envelope.encoding : PayloadEncoding.recognise(inflated)
        decoder.decode(inflated, signal: envelope.signal, encoding: encoding, into: &batch)
    }
}

extension InflateError {
    /// The reason that is counted and told, the same whichever way a payload came.
    fileprivate var reason: QuarantineReason {
        if case .tooLarge = self { .payloadTooLarge } else { .badCompression }
    }
}
