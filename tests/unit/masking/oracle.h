// What the masker should say, found the simple way: the whole input at hand, every place, every needle, strings and
// vectors. Shares no code with masking/; slow, and meant to be read beside docs/masking.md.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace confide::masking::oracle {

struct Secret {
  std::string name;
  std::string value;
};

enum class Parts { kOn, kOff };
enum class Short { kSkip, kMask };  // values under six characters

// Components of values (URLs, JSON) are not known to it.
class Oracle {
 public:
  explicit Oracle(const std::vector<Secret>& secrets, Parts parts = Parts::kOn, Short short_values = Short::kSkip);

  std::string mask(std::string_view input) const;

 private:
  struct Needle {
    size_t secret = 0;
    std::string text;
    bool as_is = true;
    bool decoded = true;
    size_t step = 0;  // parts may begin at multiples of it; 0: no parts
    bool straddles = false;
  };
  void add(size_t secret, std::string text, bool as_is, bool decoded, size_t step, bool straddles = false);
  void add_text(size_t secret, const std::string& value, bool as_given = false);
  void add_usual_encodings(size_t secret, const std::string& value);
  void add_codes(size_t secret, const std::string& value, bool line);
  void add_unit(size_t secret, const std::string& value, bool line, bool short_value);

  Parts parts_;
  size_t gap_ = 0;
  std::vector<std::string> names_;
  std::vector<Needle> needles_;
};

}  // namespace confide::masking::oracle
