import KilterMath
import KilterState
import KilterVocabulary

/// A snapshot: a manifest and one blob per key. Same state, same bytes.
///
///     u32 magic "KLTS" | u16 format | u64 settings | u32 blobs | u64 state hash | blobs …
public enum Snapshot {
    static let magic: UInt32 = 0x5354_4c4b
    /// Raised whenever a blob's layout changes.
    static let format: UInt16 = 13

    public enum Failure: Error, Equatable, CustomStringConvertible {
        case notASnapshot, newerFormat(UInt16), olderFormat(UInt16), otherSettings, damaged

        public var description: String {
            switch self {
            case .notASnapshot: "it is not a snapshot of Kilter"
            case .newerFormat(let format): "it has format \(format), which this build is too old to read"
            case .olderFormat(let format): "it has format \(format), which this build no longer reads"
            case .otherSettings: "it was taken under another configuration"
            case .damaged: "it is cut short or damaged"
            }
        }
    }
}

extension Engine {
    /// The whole state, one blob per key, in a canonical order.
    public func stateBlobs() -> [StateBlob] {
        var blobs: [StateBlob] = []
        var writer = ByteWriter()
        admission.write(to: &writer)
        blobs.append(StateBlob(kind: .clock, shard: 0, key: 1, payload: writer.bytes))
        for piece in admission.tenantPieces() {
            blobs.append(StateBlob(kind: .intake, shard: 0, key: piece.tenant, payload: piece.payload))
        }
        for piece in desk.episodes.snapshot() {
            blobs.append(StateBlob(kind: .desk, shard: 0, key: piece.tenant, payload: piece.payload))
        }
        for piece in desk.breakers.snapshot() {
            blobs.append(StateBlob(kind: .desk, shard: 1, key: piece.tenant, payload: piece.payload))
        }
        for piece in acknowledgements.snapshot() {
            blobs.append(StateBlob(kind: .table, shard: 0, key: piece.tenant, payload: piece.payload))
        }
        if let sets = thresholdSets.snapshot { blobs.append(StateBlob(kind: .table, shard: 1, key: 1, payload: sets)) }
        for (number, room) in shards.enumerated() { blobs += room.shard.blobs(shard: UInt8(number)) }
        return blobs
    }

    /// Sum of the hashes of all keys: equal for equal states, whatever the order in which the keys came about.
    public var stateHash: UInt64 { Self.hash(stateBlobs()) }

    private static func hash(_ blobs: [StateBlob]) -> UInt64 { blobs.reduce(0) { $0 &+ $1.hash } }

    /// The whole state as bytes.
    public func snapshot() -> [UInt8] {
        let blobs = stateBlobs()
        var writer = ByteWriter()
        writer.write(Snapshot.magic)
        writer.write(Snapshot.format)
        writer.write(settings.fingerprint)
        writer.write(UInt32(blobs.count))
        writer.write(Self.hash(blobs))
        for blob in blobs { writer.write(raw: blob.bytes(configuration: settings.fingerprint)) }
        return writer.bytes
    }

    /// Gives a new engine the state of a snapshot. On failure the engine must not be used.
    public func restore(_ bytes: [UInt8]) throws(Snapshot.Failure) {
        var reader = ByteReader(bytes)
        do {
            guard try reader.read(UInt32.self) == Snapshot.magic else { throw Snapshot.Failure.notASnapshot }
            let format = try reader.read(UInt16.self)
            guard format <= Snapshot.format else { throw Snapshot.Failure.newerFormat(format) }
            guard format == Snapshot.format else { throw Snapshot.Failure.olderFormat(format) }
            guard try reader.read(UInt64.self) == settings.fingerprint else { throw Snapshot.Failure.otherSettings }
            let count = try reader.read(UInt32.self)
            let hash = try reader.read(UInt64.self)
            var blobs: [StateBlob] = []
            for _ in 0..<count { blobs.append(try StateBlob.read(&reader, configuration: settings.fingerprint)) }
            guard reader.remaining == 0, Self.hash(blobs) == hash else { throw Snapshot.Failure.damaged }
            try restore(blobs)
        } catch let failure as Snapshot.Failure {
            throw failure
        } catch {
            throw .damaged
        }
    }

    private func restore(_ blobs: [StateBlob]) throws(ByteReader.Short) {
        // The clock names the tenants whose pieces follow.
        for blob in blobs where blob.kind == .clock {
            var reader = ByteReader(blob.payload)
            try admission.restore(from: &reader)
        }
        for blob in blobs {
            var reader = ByteReader(blob.payload)
            switch (blob.kind, blob.shard) {
            case (.intake, _): try admission.restoreTenant(blob.key, from: &reader)
            case (.desk, 0): try desk.episodes.restore(tenant: blob.key, from: &reader)
            case (.table, 1): try thresholdSets.restore(from: &reader)
            case (.table, _): try acknowledgements.restore(tenant: blob.key, from: &reader)
            case (.desk, _): try desk.breakers.restore(tenant: blob.key, from: &reader)
            default: continue
            }
        }
        var byShard = [[StateBlob]](repeating: [], count: shards.count)
        for blob in blobs where blob.kind.isKeyed {
            guard Int(blob.shard) < shards.count else { throw ByteReader.Short() }
            byShard[Int(blob.shard)].append(blob)
        }
        for (number, room) in shards.enumerated() { try room.shard.restore(byShard[number]) }
    }
}
