/* SPDX-License-Identifier: Apache-2.0 */
#include "clients/lib/decode.h"

#include "tests/unit/suite.h"

static phc_catalogue_row row;
static phc_catalogue_entry entry;

/* States and phases that a client has no word for are no entries. */
START_TEST(a_participant_has_a_listed_state)
{
    Petahour__V1__CatalogueParticipant p;
    Petahour__V1__CatalogueEntry e;
    petahour__v1__catalogue_participant__init(&p);
    petahour__v1__catalogue_entry__init(&e);
    p.id = 1;
    e.entry_case = PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY_PARTICIPANT;
    e.participant = &p;
    for (int state = 0; state <= 5; state++) {
        p.state = (Petahour__V1__ParticipantState)state;
        bool is_listed = phc_participant_state_text((phc_participant_state)state) != NULL;
        ck_assert(phc_decode_catalogue(&e, &row, &entry) == is_listed);
    }
}
END_TEST

START_TEST(a_product_has_a_listed_state_and_phase)
{
    static uint8_t terms[32];
    Petahour__V1__Product p;
    Petahour__V1__CatalogueEntry e;
    petahour__v1__product__init(&p);
    petahour__v1__catalogue_entry__init(&e);
    p.compute_type = PETAHOUR__V1__COMPUTE_TYPE__COMPUTE_TYPE_AI;
    p.architecture = PETAHOUR__V1__ARCHITECTURE__ARCHITECTURE_GPU;
    p.period_seconds = 3600;
    p.terms_hash = (ProtobufCBinaryData){sizeof terms, terms};
    e.entry_case = PETAHOUR__V1__CATALOGUE_ENTRY__ENTRY_PRODUCT;
    e.product = &p;
    for (int state = 0; state <= 5; state++)
        for (int phase = 0; phase <= 5; phase++) {
            e.product_state = (Petahour__V1__ProductState)state;
            e.phase = (Petahour__V1__Phase)phase;
            bool is_listed = phc_product_state_text((phc_product_state)state) != NULL &&
                             phc_phase_text((phc_phase)phase) != NULL;
            ck_assert(phc_decode_catalogue(&e, &row, &entry) == is_listed);
        }
}
END_TEST

static void add(TCase *t)
{
    tcase_add_test(t, a_participant_has_a_listed_state);
    tcase_add_test(t, a_product_has_a_listed_state_and_phase);
}

int main(void)
{
    return suite_run("phc_decode", add);
}
