/// A bounded number of places, and who leaves when one too many comes.
package struct Places<Key: Hashable> {
    /// Where a newcomer sits: in a free place, in that of the quietest, or nowhere.
    package enum Seat: Equatable {
        case free
        case instead(of: Key)
        case nowhere
    }

    private struct Guest {
        /// When it fell quiet, as a rising number; nil while it is at work.
        var quietSince: UInt64?
        var hasWorked = false
    }

    private var guests: [Key: Guest] = [:]
    private var turn: UInt64 = 0

    package init() {}

    /// Takes a newcomer in, quiet as it is. At most `count` are in at one time: those that never worked leave first, of
    /// these and of the others the one that has been quiet for longest. Who is at work stays.
    package mutating func open(_ key: Key, of count: Int) -> Seat {
        var seat = Seat.free
        if guests.count >= count {
            guard let quietest else { return .nowhere }
            guests[quietest] = nil
            seat = .instead(of: quietest)
        }
        turn &+= 1
        guests[key] = Guest(quietSince: turn)
        return seat
    }

    private var quietest: Key? {
        var found: (key: Key, hasWorked: Int, since: UInt64)?
        for (key, guest) in guests {
            guard let since = guest.quietSince else { continue }
            let hasWorked = guest.hasWorked ? 1 : 0
            if let found, (found.hasWorked, found.since) < (hasWorked, since) { continue }
            found = (key, hasWorked, since)
        }
        return found?.key
    }

    /// Notes that a guest is at work, or quiet from now on; one that is not in is none.
    package mutating func note(_ key: Key, isAtWork: Bool) {
        guard var guest = guests[key] else { return }
        turn &+= 1
        guest.quietSince = isAtWork ? nil : turn
        guest.hasWorked = guest.hasWorked || isAtWork
        guests[key] = guest
    }

    package mutating func close(_ key: Key) { guests[key] = nil }
}
