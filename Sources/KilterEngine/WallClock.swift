import Foundation
import KilterVocabulary

/// The wall clock, read by the live engine only: arrival times, never a verdict.
enum WallClock {
    static var now: EventTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return EventTime(nanoseconds: UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec))
    }
}
