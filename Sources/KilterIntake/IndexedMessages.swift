import KilterVocabulary

/// A member of a message: `llm.input_messages.3.message.role`, `llm.output_messages.0.message.contents.1.message_content.text`,
/// `gen_ai.prompt.3.role`, `gen_ai.completion.0.content`.
struct MessageKey: BitwiseCopyable {
    let isInput: Bool
    let index: Int
    let isRole: Bool
    /// Number of the part of a content in several, from 1; zero is the content itself.
    let part: Int

    /// - Parameter key: what follows the name of the list.
    init?(_ key: Text, isInput: Bool, isOpenInference: Bool) {
        guard let (index, afterIndex) = IndexedKey.number(key), index <= IndexedKey.indexMax else { return nil }
        var rest = afterIndex
        if isOpenInference {
            guard rest.hasPrefix(".message.") else { return nil }
            rest = rest.dropFirst(8)
        }
        self.isInput = isInput
        self.index = index
        isRole = rest.equals(".role")
        if isRole || rest.equals(".content") {
            part = 0
            return
        }
        guard isOpenInference, rest.hasPrefix(".contents."), let (number, name) = IndexedKey.number(rest.dropFirst(10)),
            name.equals(".message_content.text")
        else { return nil }
        part = number + 1
    }
}

/// A message of a model's input or output, as far as the span's attributes have come.
struct MessageDraft: BitwiseCopyable {
    var index: Int
    var role = AttributeValue.absent
    var content = AttributeValue.absent
    /// The first part of a content in several is the one that is kept.
    var part = Int.max
}

extension ContiguousArray<MessageDraft> {
    /// Keeps one member of one of the last `Limits.messagesOfSpanMax` messages.
    mutating func keep(_ key: MessageKey, _ value: AttributeValue) {
        var at = count - 1
        while at >= 0 && self[at].index != key.index { at -= 1 }
        if at < 0 {
            if count < Limits.messagesOfSpanMax {
                at = count
                append(MessageDraft(index: key.index))
            } else {
                at = 0
                for place in indices where self[place].index < self[at].index { at = place }
                guard self[at].index < key.index else { return }
                self[at] = MessageDraft(index: key.index)
            }
        }
        if key.isRole {
            self[at].role = value
        } else if key.part <= self[at].part {
            self[at].part = key.part
            self[at].content = value
        }
    }

    /// The last message that `isMeant`, with a text in it.
    func latest(where isMeant: (MessageDraft) -> Bool = { _ in true }) -> MessageDraft? {
        var found: MessageDraft?
        for draft in self where draft.content.shape == .text && !draft.content.text.isEmpty && isMeant(draft) {
            if draft.index > found?.index ?? -1 { found = draft }
        }
        return found
    }
}
