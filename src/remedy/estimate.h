// What a plan costs: downtime, duration, money, security, how much else it touches, and how likely
// it is to work. Every figure names its origin in Estimate::inputs.
#ifndef DRIFTCAST_REMEDY_ESTIMATE_H_
#define DRIFTCAST_REMEDY_ESTIMATE_H_

#include "remedy/situation.h"

namespace driftcast {

// Fills estimate, security and blast of a draft whose steps, strategy and not_before are set.
//
// Priors, used until this site has observations of its own (seconds, P50/P90):
//   a unit's restart 1.5/10 per unit that needs the resource; a reboot, for kernel packages,
//   40/160, only said and not counted, since no plan reboots; editing a file or a kernel setting
//   interrupts nobody. A step lasts 0.2/1, a package step 12/60. P(works) is the mean of Beta(9,
//   1), to which this site's outcomes are added. A person's minutes: decide 2; look after an
//   accepted drift 1, and decide about it again 2; read what is new in a version 8; take a hold off
//   again 4; an open drift is looked at for 5 minutes a week, over 4 weeks; a change that surprises
//   costs 30.
// Mean downtime is that of the log-normal with these quantiles. Cost = mean downtime x the role's
// rate + minutes x the rate of work + P(fails) x (15 minutes + the downtime again).
void EstimateDraft(const Situation& s, Draft& draft);

// Mean of the log-normal distribution with the given P50 and P90; with P50 = 0, a tenth of P90.
double MeanSeconds(const Quantiles& quantiles);

// Expected exploit-days (here: expected number of exploitations seen) of open weaknesses that stay
// open for `days`: the sum of 1 - (1 - EPSS)^(days / 30), at least 0.9 x min(1, days / 30) for
// those known to be exploited.
double ExposureOver(std::span<const Exposure> exposures, double days);

}  // namespace driftcast

#endif  // DRIFTCAST_REMEDY_ESTIMATE_H_
