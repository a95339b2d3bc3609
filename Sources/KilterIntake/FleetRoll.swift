import KilterMath
import KilterVocabulary

/// How many agents of a tenant are alive: those seen on this day of engine time, or on the day before where those were more.
/// A budget of false alarms for the whole fleet is divided by it.
///
/// At most `Limits.fleetMax` agents are told apart; beyond, one that was forgotten counts again, so that the fleet is rather
/// over- than underestimated and its alarms rather too few.
struct FleetRoll: ~Copyable {
    /// Day of engine time on which each agent was last seen.
    private var days: KeyedSlab<UInt32>
    private var day: UInt32 = 0
    private var today: UInt32 = 0
    private var yesterday: UInt32 = 0

    init(secret: UInt64) { days = KeyedSlab(capacityMax: Limits.fleetMax, secret: secret) }

    /// Agents alive, at least one.
    var size: UInt32 { max(today, yesterday, 1) }

    mutating func note(_ agentKey: UInt64, at time: EventTime) {
        let now = UInt32(clamping: time.nanoseconds / 86_400_000_000_000)
        if now != day {
            yesterday = now == day &+ 1 ? today : 0
            today = 0
            day = now
        }
        let (slot, isNew) = days.findOrInsert(agentKey, owner: 0, initial: 0)
        guard isNew || slot.pointee != now else { return }
        slot.pointee = now
        today &+= 1
    }

    func write(to writer: inout ByteWriter) {
        for word in [day, today, yesterday] { writer.write(word) }
        let keys = days.sortedKeys()
        writer.write(UInt32(keys.count))
        for key in keys {
            guard let kept = days.peek(key) else { continue }
            writer.write(key)
            writer.write(kept.order)
            writer.write(kept.touched)
            writer.write(kept.slot)
        }
    }

    init(from reader: inout ByteReader, secret: UInt64) throws(ByteReader.Short) {
        self.init(secret: secret)
        day = try reader.read()
        today = try reader.read()
        yesterday = try reader.read()
        var slots: [(UInt64, KeyedSlab<UInt32>.Kept)] = []
        for _ in 0..<(try reader.read(UInt32.self)) {
            let key = try reader.read(UInt64.self)
            let order = try reader.read(UInt64.self)
            let touched = try reader.readBool()
            guard key != 0 else { throw ByteReader.Short() }
            slots.append((key, .init(slot: try reader.read(), owner: 0, order: order, touched: touched)))
        }
        guard slots.count <= Limits.fleetMax else { throw ByteReader.Short() }
        for (key, kept) in slots.sorted(by: { $0.1.order < $1.1.order }) { days.restore(key, kept) }
    }
}
