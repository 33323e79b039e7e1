/*
 * The families of Internet addresses, as one may ask for them.
 */
#ifndef SAMPLES_FAMILY_H
#define SAMPLES_FAMILY_H

enum family { ANY_FAMILY, IPV4, IPV6 };

#endif
