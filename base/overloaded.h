// One lambda per alternative of a std::variant; a missing alternative does not compile.
#pragma once

namespace confide {

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

}  // namespace confide
