// A fixed set of words, written in the order in which people read them and searched in its sorted form. What is not in
// the set is mostly turned away by its length and first character.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace confide::policy {

template <size_t N>
class WordSet {
 public:
  consteval explicit WordSet(std::array<std::string_view, N> words) : words_(words) {
    std::ranges::sort(words_);
    for (const std::string_view word : words_) firsts_[bucket(word)] |= bit(word);
  }
  constexpr bool contains(std::string_view word) const {
    return !word.empty() && (firsts_[bucket(word)] & bit(word)) != 0 && std::ranges::binary_search(words_, word);
  }

 private:
  static constexpr size_t bucket(std::string_view word) { return word.size() % 32; }
  static constexpr uint32_t bit(std::string_view word) { return 1U << (static_cast<unsigned char>(word[0]) % 32); }
  std::array<std::string_view, N> words_;
  std::array<uint32_t, 32> firsts_{};
};

// WordSet of its arguments.
template <class... Words>
consteval auto word_set(Words... words) {
  return WordSet<sizeof...(Words)>(std::array<std::string_view, sizeof...(Words)>{words...});
}

}  // namespace confide::policy
