// What Landlock allows in a sandbox: the rules of its domain, by what it shows.
#pragma once

#include "base/result.h"
#include "launcher/plan/build.h"
#include "launcher/plan/landlock.h"
#include "launcher/plan/plan_writer.h"
#include "launcher/plan/root.h"

namespace confide::launcher {

// With a mount namespace: the view, once more, as rights.
void add_rules_for_view(LandlockStep& step, const policy::Policy& policy, const Root& root);

// No mount namespace: the host's tree as it is, cut by Landlock alone. No private home and /tmp, so neither is there.
// Errors: kUnsupported where something hidden lies in what has to be shown.
Status add_rules_without_view(LandlockStep& step, const BuildInput& in, PlanWriter& out);

}  // namespace confide::launcher
