//! Each opcode form that the client's kernels use has a case here: `tests/ptx/forms.txt` lists them, and the tests are
//! asked which they check. The assembler's list of those of matrices, `tests/ptxas/forms.txt`, has a case for each, too.

use std::collections::BTreeSet;

use super::harness::forms_of;
use super::{
    access, atomic, bits, compare, control, convert, files, float, integer, matrix, matrix_double, matrix_float,
    matrix_narrow, matrix_quad, matrix_sparse, matrix_tiles, matrix_wmma, nan, transfer, warp,
};

const TESTS: &[fn()] = &[
    access::loads_extend_what_lies_there,
    access::stores_change_only_their_bytes,
    access::cache_hints_and_orderings_move_the_same_bytes,
    atomic::sums_of_f32_are_flushed_but_in_shared_memory,
    atomic::sums_of_other_floats_keep_denormals,
    atomic::vectors_are_combined_element_by_element,
    bits::logic_works_on_each_bit,
    bits::any_function_of_three_bits_comes_from_its_table,
    bits::shifts_by_the_width_or_more_leave_nothing_but_the_sign,
    bits::funnel_shifts_take_a_word_out_of_two,
    bits::bit_fields_are_cut_out_bit_by_bit,
    bits::counting_and_searching_bits,
    bits::masks_and_extensions_clamp_or_wrap,
    bits::bytes_are_picked_by_the_selector,
    compare::integers_compare_by_their_sign,
    compare::floats_compare_with_nan_as_the_relation_says,
    compare::flushing_comparisons_see_denormals_as_zero,
    compare::selections_follow_the_predicate_or_the_sign,
    compare::halves_compare_by_value,
    control::branches_loops_and_ends_are_each_thread_s_own,
    control::a_called_function_gets_its_arguments_and_returns,
    control::barriers_make_what_other_threads_wrote_visible,
    control::reducing_barriers_combine_the_block_s_predicates,
    control::fences_and_sleep_order_a_message_between_warps,
    control::a_trap_ends_the_launch,
    convert::integers_are_cut_or_extended,
    convert::floats_become_the_integer_in_the_direction_or_the_nearest_end,
    convert::integers_become_floats_rounded_once,
    convert::floats_narrow_rounded_once_and_widen_exactly,
    convert::two_floats_are_packed_the_first_on_top,
    convert::floats_are_rounded_to_integers_as_floats,
    files::kernels_leave_what_their_files_say,
    float::sums_and_products_are_rounded_once_in_the_direction_asked_for,
    float::flushing_arithmetic_has_no_denormals,
    float::saturated_results_lie_between_zero_and_one,
    float::smaller_and_larger_prefer_numbers_and_order_zeroes,
    float::quotients_and_roots_are_the_nearest,
    float::approximations_are_close,
    float::flushing_approximations_are_close,
    float::halves_are_rounded_once,
    integer::sums_differences_and_products_wrap,
    integer::saturating_sums_stop_at_the_ends,
    integer::the_upper_half_of_a_product_is_that_of_the_exact_one,
    integer::wide_products_are_exact,
    integer::multiply_add_wraps,
    integer::products_of_24_bits_ignore_the_upper_byte,
    integer::sums_of_differences_take_the_distance,
    integer::smaller_and_larger_heed_the_sign,
    integer::division_truncates_and_by_zero_gives_ones,
    integer::dot_products_of_bytes_and_half_words,
    matrix::fragments_multiply_as_the_matrices_they_hold,
    matrix::a_transposed_matrix_has_rows_for_columns,
    nan::arithmetic_gives_the_canonical_nan,
    nan::approximations_give_the_canonical_nan,
    nan::smaller_and_larger_of_two_nans_is_the_canonical_one,
    nan::a_nan_of_f64_keeps_its_payload,
    nan::conversions_lose_the_payload_but_from_and_to_f64,
    nan::approximations_of_f64_use_the_upper_half,
    nan::a_matrix_product_gives_the_canonical_nan,
    transfer::parameters_are_read_by_their_type,
    transfer::generic_addresses_go_to_their_space_and_back,
    transfer::asynchronous_copies_bring_sixteen_bytes_once_they_are_waited_for,
    transfer::tiles_are_loaded_by_rows_or_by_columns,
    transfer::a_product_of_8_by_32_goes_through_shared_memory,
    transfer::atomic_sums_are_those_of_some_order,
    warp::a_lane_that_does_not_take_part_gives_zero,
    warp::eight_lanes_sum_what_no_other_lane_adds_to,
    warp::members_learn_of_members_only,
    warp::warp_barriers_wait_for_those_who_name_the_same_members,
];

/// Forms that need no case here, and why.
const EXEMPT: &[(&str, &str)] = &[(
    "call.uni",
    "calls of functions are inlined, and checked in control.rs; what is left are vprintf and __assertfail, which \
     tests/engine.rs calls: printf_formats_its_arguments_for_every_thread, a_failed_assertion_names_file_and_line",
)];

#[test]
fn every_form_of_the_corpus_has_a_case() {
    let covered = forms_of(TESTS);
    let listed = include_str!("../ptx/forms.txt").lines().filter(|line| !line.starts_with('#'));
    let forms: Vec<&str> = listed.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(forms.len() > 100, "the list is gone");
    let is_exempt = |form: &str| EXEMPT.iter().any(|(exempt, _)| *exempt == form);
    let uncovered: Vec<&str> =
        forms.iter().copied().filter(|form| !covered.contains(*form) && !is_exempt(form)).collect();
    println!("{} forms, {} of them exempt; the tests check {} forms", forms.len(), EXEMPT.len(), covered.len());
    EXEMPT.iter().for_each(|(form, reason)| println!("exempt: {form}: {reason}"));
    assert!(uncovered.is_empty(), "no case for {}", uncovered.join(", "));
}

/// The tests of matrices.
const MATRICES: &[fn()] = &[
    matrix::a_transposed_matrix_has_rows_for_columns,
    matrix_double::a_product_and_its_sum_are_rounded_once_in_the_direction,
    matrix_float::small_numbers_are_multiplied_exactly,
    matrix_narrow::bytes_have_the_signs_of_their_types,
    matrix_narrow::elements_of_four_bits_have_the_signs_of_their_types,
    matrix_narrow::single_bits_are_counted_where_they_differ_or_are_both_set,
    matrix_quad::four_products_are_apart_in_every_layout,
    matrix_sparse::stored_elements_meet_the_rows_that_metadata_name,
    matrix_tiles::tiles_go_either_way_by_rows_or_by_columns,
    matrix_wmma::bytes_are_summed_exactly_and_cut_where_asked,
    matrix_wmma::halves_go_from_any_memory_in_any_layout,
    matrix_wmma::nibbles_have_one_layout,
    matrix_wmma::other_floats_have_their_shapes,
    matrix_wmma::single_bits_are_counted,
];

/// What a pattern of alternatives stands for, as `xtask/src/ptxas/forms.rs` has it.
fn expand(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('(') else { return vec![pattern.to_owned()] };
    let (mut depth, mut from, mut choices) = (0, 0, Vec::new());
    for (at, mark) in rest.char_indices() {
        match mark {
            '(' => depth += 1,
            ')' if depth > 0 => depth -= 1,
            '|' | ')' if depth == 0 => {
                choices.push(&rest[from..at]);
                from = at + 1;
                if mark == ')' {
                    break;
                }
            }
            _ => {}
        }
    }
    choices.iter().flat_map(|choice| expand(&format!("{before}{choice}{}", &rest[from..]))).collect()
}

#[test]
fn every_form_of_matrices_has_a_case() {
    let covered = forms_of(MATRICES);
    let list = include_str!("../ptxas/forms.txt");
    let (_, section) = list.split_once("\n# Matrices\n").expect("a section of matrices");
    let (section, _) = section.split_once("\n\n").expect("one behind it");
    let forms: BTreeSet<String> =
        section.lines().flat_map(expand).filter_map(|form| form.split_whitespace().next().map(str::to_owned)).collect();
    assert!(forms.len() > 500, "the list is gone");
    let uncovered: Vec<&String> = forms.difference(&covered).collect();
    println!("{} forms of matrices", forms.len());
    assert!(uncovered.is_empty(), "no case for {uncovered:?}");
}
