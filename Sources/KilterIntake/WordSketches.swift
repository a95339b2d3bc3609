import CLanes
import KilterVocabulary

extension WordSketch {
    /// Bytes looked at of one text. Longer ones are known by four pieces, from the beginning to the end: pages begin alike.
    static let bytesMax = 2_048

    /// A word that holds a digit counts only with `withDigits`: calls that differ in numbers alone go through a list.
    /// Cost: about 2 instructions a byte and 20 a word, whatever the text's length.
    init(of text: Text, withDigits: Bool) {
        var minima = SIMD16<UInt16>(repeating: .max)
        let flag: Int32 = withDigits ? 1 : 0
        withUnsafeMutableBytes(of: &minima) { bytes in
            // Guard: sixteen numbers of two bytes, which is what is written; reads end 32 bytes behind each piece, as far
            // as every buffer reaches.
            guard let numbers = bytes.baseAddress?.assumingMemoryBound(to: UInt16.self) else { return }
            guard text.count > Self.bytesMax else { return kilter_sketch_words(text.base, text.count, flag, numbers) }
            let piece = Self.bytesMax / 4
            for number in 0..<4 { kilter_sketch_words(text.base + (text.count - piece) / 3 * number, piece, flag, numbers) }
        }
        self.init(minima: minima)
    }
}
