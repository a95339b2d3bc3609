import KilterMath
import KilterVocabulary

/// The state of one key as bytes that describe themselves: magic, format, configuration, keying, key, payload,
/// checksum. Same state, same bytes. A key's blob may be restored into any engine of the same configuration.
public struct StateBlob: Sendable, Equatable {
    /// What kind of state a blob holds; the first three are the keyings, the others pseudo-keys.
    public enum Kind: UInt8, Sendable {
        case turn = 0, run = 1, group = 2, longTurn = 3, effect = 4, graph = 5, agent = 6, pair = 7, answer = 8
        case tally = 9, baseline = 10, rate = 11, value = 12, mix = 13, score = 14, groupBaseline = 15
        case intake = 16, names = 17, desk = 18, clock = 19, table = 20
        case tail = 21, vector = 22
        case changes = 23, pace = 24, repeats = 25

        /// Belongs to a shard.
        public var isKeyed: Bool { rawValue < 16 || rawValue > 20 }
    }

    public static let magic: UInt32 = 0x544c_4b31
    /// Format of this build. Older formats are read, newer ones refused.
    public static let format: UInt16 = 1

    public var kind: Kind
    public var shard: UInt8
    public var key: UInt64
    public var payload: [UInt8]

    public init(kind: Kind, shard: UInt8, key: UInt64, payload: [UInt8]) {
        self.kind = kind
        self.shard = shard
        self.key = key
        self.payload = payload
    }

    public enum Failure: Error, Equatable {
        case notABlob, newerFormat(UInt16), otherConfiguration, damaged
    }

    /// The blob as written to a snapshot.
    public func bytes(configuration: UInt64) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.magic)
        writer.write(Self.format)
        writer.write(kind.rawValue)
        writer.write(shard)
        writer.write(configuration)
        writer.write(key)
        writer.write(UInt32(payload.count))
        writer.write(raw: payload)
        writer.write(writer.bytes.withUnsafeBufferPointer { StableHash.hash($0) })
        return writer.bytes
    }

    /// Reads one blob. Nothing is guessed: a wrong magic, format, configuration or checksum is an error.
    public static func read(_ reader: inout ByteReader, configuration: UInt64) throws(Failure) -> StateBlob {
        do {
            let start = reader.offset
            guard try reader.read(UInt32.self) == magic else { throw Failure.notABlob }
            let format = try reader.read(UInt16.self)
            guard format <= Self.format else { throw Failure.newerFormat(format) }
            guard let kind = Kind(rawValue: try reader.read()) else { throw Failure.notABlob }
            let shard = try reader.read(UInt8.self)
            let writtenFor = try reader.read(UInt64.self)
            let key = try reader.read(UInt64.self)
            let payload = try reader.readRaw(Int(try reader.read(UInt32.self)))
            let covered = reader.bytes[start..<reader.offset]
            let checksum = try reader.read(UInt64.self)
            guard checksum == covered.withUnsafeBufferPointer({ StableHash.hash($0) }) else { throw Failure.damaged }
            guard writtenFor == configuration else { throw Failure.otherConfiguration }
            return StateBlob(kind: kind, shard: shard, key: key, payload: payload)
        } catch let failure as Failure {
            throw failure
        } catch {
            throw .damaged
        }
    }

    /// Contribution of this key to the state hash. The hash of a state is the sum over its keys, so it does not
    /// depend on their order and a changed key is replaced by one subtraction and one addition.
    public var hash: UInt64 {
        let seed = StableHash.combine(key, UInt64(kind.rawValue) << 8 | UInt64(shard))
        return payload.withUnsafeBufferPointer { StableHash.hash($0, seed: seed) }
    }
}
