#include "fetch/session.h"

#include <utility>

namespace confide::fetch {

std::vector<Answer> Session::answer(const Request& request) {
  std::vector<Answer> answers(request.wants.size());
  const auto ready = prepare();
  for (size_t i = 0; i < answers.size(); ++i) {
    if (!ready) {
      answers[i].failure = ready.error();
      continue;
    }
    auto value = resolve(request.wants[i]);
    if (value)
      answers[i].value = std::move(*value);
    else
      answers[i].failure = value.error();
  }
  return answers;
}

}  // namespace confide::fetch
