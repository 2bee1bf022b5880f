// A Result must not be dropped, and its value is not taken without a look.
#include "base/result.h"

namespace {

using confide::Error;
using confide::Result;
using confide::Status;

Result<int> number() { return 7; }
Status done() { return {}; }

[[maybe_unused]] Status used() {
#ifdef MUST_FAIL
  number();                       // error: nodiscard
  done();                         // error: nodiscard
  const int implicit = number();  // error: (no viable conversion|cannot convert)
#else
  const int taken = TRY(number());
  (void)taken;
  (void)done();
#endif
  return {};
}

#ifdef MUST_FAIL
[[maybe_unused]] int no_result() { return TRY(number()); }  // error: (no viable conversion|cannot convert)
#else
[[maybe_unused]] Result<int> a_result() { return TRY(number()); }
#endif

}  // namespace
