import KilterMath
import KilterVocabulary

/// Remembers what the price list said of a name, so that a span costs no look-up by text. Holds so many names that an
/// honest process never fills it; a producer that invents names makes it start anew, never grow.
struct PriceMemory: ~Copyable {
    private struct Entry: BitwiseCopyable {
        /// Zero is a free place.
        var key: UInt64 = 0
        var quote = PriceList.Quote()
    }

    private static let places = 1_024
    private var entries = ContiguousArray(repeating: Entry(), count: PriceMemory.places)
    private var count = 0

    /// The quote for a model at a provider, asked of `list` at most once while it is remembered.
    mutating func quote(_ model: StringRef, _ provider: StringRef, _ strings: StringTable, _ list: PriceList) -> PriceList.Quote {
        let key = StableHash.combine(strings.hash(model), strings.hash(provider))
        var index = Int(truncatingIfNeeded: key) & (Self.places - 1)
        while entries[index].key != 0 {
            if entries[index].key == key { return entries[index].quote }
            index = (index + 1) & (Self.places - 1)
        }
        let quote = list.quote(model: strings.string(model), provider: strings.string(provider))
        if count >= Self.places / 2 {
            for index in entries.indices { entries[index] = Entry() }
            count = 0
            index = Int(truncatingIfNeeded: key) & (Self.places - 1)
        }
        entries[index] = Entry(key: key, quote: quote)
        count += 1
        return quote
    }
}
