"""English contracts of many trades; laid out as trades_zh is."""

from __future__ import annotations

TRADES_EN = """
= CATERING AGREEMENT|Catering Services Contract ; Organiser~Who orders the catering?|Party that books the meals ; Caterer~Who provides the food?|Catering company
number 20 900 ; guests|guest_count|number_of_guests ; How many guests are expected?|Number of guests ; {b} shall provide meals for {v} guests.|Food will be prepared for {v} persons, plus or minus five percent.
money 8 240 ; price_per_head|cost_per_guest|plate_price ; Price for each guest|What does one guest cost? ; {a} pays {v} for every guest served.|The price per head is {v}, drinks excluded.
text ; menu|menu_style|type_of_food ; Which menu was chosen?|Style of the menu ; The parties have chosen a {v}.|{b} shall serve a {v} in two courses. ; Tuscan buffet|vegetarian dinner|barbecue lunch|seafood platter|three-course French menu
duration day 2 60 ; final_count_deadline|headcount_notice ; How long before must the final number be given?|Deadline for the final count ; The final number of guests must reach {b} no later than {v} before the day.|{a} confirms the headcount {v} in advance.
flag ; alcohol_served|serves_alcohol ; Is alcohol served?|Whether alcohol may be served ; Beer and wine are served at the tables.|{b} is licensed and will pour alcohol. ; No alcoholic drinks will be offered.|The bar is strictly alcohol-free.
percent 10 90 ; cancellation_fee_share|cancel_charge ; What share is charged on cancellation?|Cancellation charge ; On late cancellation {b} keeps {v} of the price.|If {a} withdraws in the last week, {v} of the total is due.
= PUBLISHING AGREEMENT|Author Agreement ; Author~Who wrote the work?|The writer ; Publisher~Who publishes the work?
text ; work_title|title_of_work|book ; Title of the book|What is the work called? ; {a} has written a book entitled “{v}”.|The Work is “{v}”. ; The Lighthouse Keeper|A Field Guide to Moss|Letters from Tunis|The Long Orchard|Counting Bridges
number 20000 190000 ; word_count|length_in_words ; How many words?|Length of the manuscript ; The manuscript shall run to about {v} words.|{a} will deliver {v} words, index not counted.
percent 4 20 ; author_royalty|royalty_share ; Royalty of the author|What share does the author get? ; On each copy sold {b} pays {a} {v} of the list price.|Royalties of {v} accrue on net receipts.
money 500 90000 ; advance|advance_on_royalties ; Advance paid to the author ; Upon signing, {a} receives an advance of {v}.|{b} advances {v} against royalties.
date ; manuscript_due|delivery_of_manuscript ; When is the manuscript due? ; The complete manuscript is due on {v}.|{a} hands in the text not later than {v}.
number 5 60 ; author_copies|free_copies ; How many free copies does the author get? ; {a} is sent {v} copies free of charge.|{b} supplies {v} complimentary copies.
flag ; film_rights_included|includes_film_rights ; Are film rights granted? ; The grant extends to film and television.|{b} also acquires dramatic and screen rights. ; Screen rights stay with {a}.|Film rights are excluded from the grant.
= CLEANING CONTRACT|Janitorial Services Agreement ; Customer~Who wants the cleaning?|The customer ; Cleaning Firm~Who cleans?
number 1 14 ; visits_per_week|weekly_visits ; How often a week is it cleaned? ; Crews attend {v} times each week.|{b} cleans the offices {v} times weekly.
place ; site_to_be_cleaned|building_address|cleaning_site ; Which building is cleaned?|Where is the work done? ; The work is done at {v}, ground floor included.|{b} attends to the building at {v}.
money 100 40000 ; weekly_charge|cleaning_price ; Weekly price ; {a} owes {v} for each week of service.|A flat {v} is invoiced per week.
text ; supplies_from|who_supplies_materials ; Who supplies the materials? ; Detergents and bags come from the {v}.|All materials are bought by the {v}. ; Customer|Cleaning Firm
person ; crew_leader|supervisor ; Who leads the crew? ; {v} is in charge of the crew.|{b} names {v} as working supervisor.
money 10 900 ; deduction_per_complaint|complaint_deduction ; What is deducted for each justified complaint? ; For every justified complaint {v} is deducted.|A complaint that proves right reduces the bill by {v}.
= SOFTWARE DEVELOPMENT AGREEMENT|Development Contract ; Sponsor~Who orders the software?|Client of the project ; Developer~Who builds the software?
text ; deliverable|system_to_build|application ; What is to be built? ; {b} shall build {v} as described in Annex 1.|The deliverable is {v}. ; a dispatch console|a booking portal|a tenant app|an inventory scanner|a payroll connector
money 5000 900000 ; fixed_price|development_fee ; What is the price of the project? ; For the whole project a fixed price of {v} is agreed.|{a} pays {v}, taxes on top.
date ; go_live|launch_date|go_live_date ; When does the system go live? ; Go-live is planned for {v}.|The system enters production on {v}.
duration month 1 24 ; free_support|bug_fixing_period ; How long are bugs fixed for free? ; Defects reported within {v} of go-live are mended without charge.|{b} offers free support during the first {v}.
text ; source_code_owner|code_belongs_to ; Who owns the code? ; Title to the source code passes to the {v} on payment.|The code belongs to the {v}. ; Sponsor|Developer
number 2 40 ; sprints|number_of_sprints ; Number of sprints ; Work proceeds in {v} sprints of two weeks.|There will be {v} sprints.
duration day 1 10 ; critical_fix_time|fix_time ; How quickly are critical faults repaired? ; A critical fault is repaired within {v}.|{b} restores service no later than {v} after a call.
= HOME SALE CONTRACT|Residential Purchase and Sale Agreement ; Purchaser~Who buys the house?|Buyer of the house ; Vendor~Who sells the house?
place ; property_address|house|address_of_property ; Address of the house|Which property is sold? ; {b} sells the house known as {v}.|The property is situated at {v}, with garage.
money 60000 3000000 ; purchase_price|house_price ; What does the house cost? ; The price for land and building is {v}.|{a} shall pay {v} at closing.
money 1000 90000 ; earnest_money|good_faith_deposit ; Earnest money ; {a} has placed {v} in escrow as earnest money.|Earnest money of {v} is held by the agent.
date ; closing_date|closing ; When is the closing? ; Closing takes place on {v}.|The deed is handed over on {v}.
duration day 5 40 ; inspection_window|inspection_period ; Time to inspect the house ; {a} may inspect the premises during {v} and withdraw.|There is an inspection window of {v}.
company ; escrow_agent|escrow_holder|title_company ; Who holds the escrow? ; The deposit lies with {v} in escrow.|{v} acts as title company.
flag ; sold_as_is|as_is ; Is the house sold as is? ; The house is sold as it stands, with all faults.|{a} takes the property as is. ; {b} will repair all defects found.|The sale is not on an as-is basis.
= TUTORING AGREEMENT|Course Enrolment Contract ; Student~Who takes the course?|The learner ; School~Which school gives the course?
text ; course|course_title ; Which course is booked? ; {a} enrols in {v} offered by {b}.|The course is {v}. ; Advanced Welding|Italian for Travellers|Bookkeeping Level 2|Watercolour Basics|Forklift Safety
number 4 200 ; lessons|number_of_lessons ; How many lessons? ; It consists of {v} lessons of fifty minutes.|{b} gives {v} lessons.
money 50 20000 ; tuition|tuition_fee|course_fee ; What is the tuition? ; Tuition amounts to {v}, books included.|{a} pays {v} before the first lesson.
date ; first_lesson|course_start ; When does the course begin? ; The first lesson is on {v}.|Teaching starts {v}.
person ; teacher|instructor ; Who teaches? ; {v} teaches the course.|The instructor is {v}.
percent 10 100 ; refund_share|refund_on_withdrawal ; How much is refunded on withdrawal? ; A student who leaves in the first week gets back {v} of the fee.|On early withdrawal {v} is refunded.
= CONSIGNMENT AGREEMENT|Gallery Consignment ; Artist~Whose works are sold?|Consignor ; Gallery~Who sells the works?
number 1 90 ; works|number_of_works ; How many works are consigned? ; {a} consigns {v} works listed in the schedule.|{v} pieces are handed to {b}.
percent 10 60 ; gallery_commission|commission_of_gallery ; What does the gallery keep? ; From each sale {b} keeps {v}.|The Gallery's share is {v} of the price.
duration month 1 24 ; consignment_length|period_of_consignment ; How long are works consigned? ; Works remain with {b} for {v}.|The consignment runs {v}.
duration day 5 60 ; payout_time|time_to_pay_artist ; When is the artist paid after a sale? ; {b} pays {a} within {v} of the sale.|Proceeds follow {v} after receipt.
money 1000 500000 ; insured_value|insurance_of_works ; For how much are the works insured? ; {b} insures the works for {v}.|Cover of {v} is maintained.
flag ; discount_allowed|may_discount ; May the gallery give discounts? ; {b} may grant collectors a small discount.|Discounts are at the Gallery's discretion. ; No discount may be given without {a}.|Prices are fixed; {b} grants no discount.
= LOAN OF EQUIPMENT|Bailment Agreement ; Bailor~Who lends the equipment?|Owner ; Bailee~Who borrows the equipment?
text ; equipment|borrowed_item ; What is lent? ; {a} lends {b} {v} in working order.|The item is {v}. ; a laser level|two welding sets|a wood chipper|a marquee tent|a sound desk
money 50 90000 ; replacement_value|value_of_item ; What is the replacement value? ; Its replacement value is {v}.|If lost, {b} owes {v}.
date ; return_date|due_back ; When must it be returned? ; It must be back by {v}.|{b} returns it on {v}.
text ; serial_number|serial_no ; Serial number ; It bears serial number {v}.|Serial no. {v}. ; SN-######|A#####-##|XK####
person ; authorised_user|operator ; Who may use it? ; Only {v} may operate it.|{v} is the authorised user.
= TIMBER SALE|Grain Purchase Contract|Crop Purchase Agreement ; Grower~Who grows and sells the crop? ; Mill~Who buys the crop?|The buyer of the crop
text ; crop|commodity ; Which crop is sold? ; {a} sells {v} from the coming harvest.|The commodity is {v}. ; spruce logs|malting barley|yellow maize|green coffee|rapeseed
number 20 90000 ; tonnes|quantity_in_tonnes ; How many tonnes? ; The quantity is {v} tonnes.|{b} takes {v} tonnes, ten percent more or less.
money 20 900 ; price_per_tonne|tonne_price ; Price of a tonne ; {b} pays {v} per tonne.|The price is {v} for each tonne delivered.
percent 5 30 ; moisture|maximum_moisture ; Highest moisture allowed ; Moisture must not exceed {v}.|Loads above {v} moisture are refused.
date ; last_delivery|delivery_until ; Until when is delivery possible? ; Delivery ends on {v}.|All loads arrive by {v}.
place ; delivery_point|receiving_station ; Where is the crop delivered? ; Loads are weighed at {v}.|The receiving station is {v}.
= SPONSORSHIP AGREEMENT|Team Sponsorship Contract ; Sponsor~Who pays the sponsorship? ; Club~Who is sponsored?|Sponsored club
money 1000 2000000 ; sponsorship_sum|sponsorship_fee ; How much does the sponsor pay? ; For each season {a} contributes {v}.|The sponsorship sum is {v}.
number 1 8 ; seasons|number_of_seasons ; How many seasons? ; It covers {v} seasons.|{a} supports {b} through {v} seasons.
text ; logo_place|logo_position ; Where does the logo appear? ; The logo of {a} appears on the {v}.|{b} prints the mark on its {v}. ; shirt front|left sleeve|training kit|stadium gates|team bus
number 2 200 ; free_tickets|tickets ; How many free tickets are given? ; {a} gets {v} tickets for every home match.|{v} seats are reserved for {a}.
flag ; sole_sponsor|exclusive_in_sector ; Is the sponsor the only one in its trade? ; {b} takes no other sponsor of the same trade.|{a} is the sole sponsor in its sector. ; {b} may take sponsors of any trade besides {a}.|There is no sector exclusivity.
money 1000 300000 ; title_bonus|bonus_for_championship ; What is paid for a championship? ; If {b} wins the league, {a} adds {v}.|A title brings a further {v}.
= SECURITY SERVICES AGREEMENT|Guarding Contract ; Principal~Who is guarded?|Client ; Guard Company~Who sends the guards?
number 1 60 ; guards|number_of_guards ; How many guards? ; {b} posts {v} guards.|{v} officers are on duty.
text ; hours_of_duty|shift ; When are guards on duty? ; Guards are on duty {v}.|Posts are manned {v}. ; around the clock|from dusk to dawn|on weekdays from 8 to 18|on weekends only
money 10 90 ; hourly_price|rate_per_hour ; What does an hour cost? ; Each hour costs {v}.|{a} pays {v} per guard and hour.
flag ; armed|armed_guards ; Are the guards armed? ; The guards carry firearms.|Officers are armed and licensed. ; The guards are unarmed.|No weapons are carried.
duration day 1 30 ; replacement_time|time_to_replace_guard ; How fast is a guard replaced? ; On request a guard is replaced within {v}.|{b} replaces an officer inside {v}.
= MOVING CONTRACT|Household Removal Agreement ; Householder~Who moves?|The customer ; Mover~Who carries the goods?
place ; from_address|pick_up_address ; Where are the goods collected? ; Goods are collected from {v}.|{b} loads at {v}.
place ; to_address|new_address ; Where are the goods taken? ; They are unloaded at {v}.|The new home is {v}.
date ; moving_day|date_of_move ; On what day is the move? ; The move is on {v}.|{b} arrives on {v} at eight.
number 5 90 ; cubic_metres|volume ; How many cubic metres? ; The load is about {v} cubic metres.|Volume: {v} cubic metres.
money 200 30000 ; removal_price|moving_price ; Price of the move ; The whole move costs {v}.|{a} pays {v} on arrival.
money 50 9000 ; liability_per_item|limit_per_item ; Limit of liability for each item ; For any one item {b} answers up to {v}.|Liability per piece ends at {v}.
= TRANSLATION SERVICES AGREEMENT ; Customer~Who orders the translation? ; Translator~Who translates?
text ; languages|language_pair ; From which language into which? ; The text is translated from {v}.|Language pair: {v}. ; German into English|English into Korean|French into Dutch|Polish into Swedish
number 2000 400000 ; words|number_of_words ; How many words are translated? ; It has {v} words.|About {v} words are to be rendered.
money 1 9 ; price_per_line|line_price ; Price per line ; Each line costs {v}.|{a} pays {v} a line.
date ; due_date|delivery_due ; When is the translation due? ; {b} delivers on {v}.|The text is due {v}.
duration day 3 60 ; correction_period|time_for_corrections ; How long are corrections free? ; Corrections are free for {v}.|Within {v} of delivery {b} corrects at no cost.
= TIMESHARE OF A BOAT|Boat Charter Agreement|Yacht Charter Party ; Charterer~Who charters the boat? ; Boat Owner~Whose boat is it?
text ; vessel|boat|name_of_vessel ; Which boat? ; {b} lets the yacht “{v}” to {a}.|The vessel is “{v}”. ; Morning Tide|Albatross|Second Wind|Lady Anne|Northern Star
number 2 14 ; berths|maximum_persons ; How many people may be aboard? ; No more than {v} persons may be aboard.|She sleeps {v}.
date ; boarding|charter_begins ; When does the charter begin? ; Boarding is on {v}.|The charter begins {v}.
money 500 90000 ; charter_fee|hire ; Charter fee ; The hire is {v}, fuel extra.|{a} pays hire of {v}.
money 500 20000 ; damage_deposit|security ; Security against damage ; A security of {v} is lodged before boarding.|{a} leaves {v} as damage deposit.
place ; home_port|harbour|return_harbour ; Where is the boat returned? ; She is returned to {v}.|Hand-over is at {v}.
flag ; skipper_included|with_skipper ; Is a skipper included? ; A skipper comes with the boat.|{b} provides a skipper. ; {a} sails without a skipper.|It is a bareboat charter; no skipper is provided.
= DATA PROCESSING AGREEMENT|Hosting Agreement ; Controller~Who is the controller?|Customer of the host ; Processor~Who processes the data?|The host
text ; data_location|hosting_region ; Where are data kept? ; Data are kept in {v} only.|{b} hosts everything in {v}. ; Frankfurt|Ireland|Iowa|Tokyo|São Paulo
percent 95 99 ; uptime|availability ; Promised availability ; {b} promises availability of {v} a month.|Uptime shall not fall below {v}.
duration day 1 90 ; deletion_time|time_to_delete_data ; When are data deleted after the end? ; Within {v} of the end all copies are deleted.|{b} erases the data {v} after termination.
duration day 1 10 ; breach_notice|time_to_report_breach ; How fast is a breach reported? ; A breach of security is reported within {v}.|{b} tells {a} of incidents no later than {v} after learning of them.
flag ; subprocessors_allowed|may_use_subprocessors ; May subprocessors be used? ; {b} may engage other processors and names them.|Subprocessors are permitted upon notice. ; {b} uses no subprocessors.|Engaging another processor is forbidden.
number 1 4 ; audits_per_year|yearly_audits ; How many audits a year? ; {a} may audit {v} times a year.|Up to {v} audits are allowed yearly.
= BRIDGE MAINTENANCE CONTRACT|Elevator Maintenance Agreement ; Building Owner~Whose lifts are maintained? ; Maintenance Company~Who maintains the lifts?
number 1 60 ; lifts|number_of_lifts ; How many lifts? ; {b} looks after {v} lifts.|The contract covers {v} elevators.
number 2 24 ; services_per_year|inspections_per_year ; How often a year are they serviced? ; Each is serviced {v} times yearly.|{b} makes {v} visits a year.
money 200 20000 ; fee_per_lift|yearly_fee_per_lift ; Yearly fee for each lift ; For each lift {a} pays {v} a year.|The fee is {v} per lift and year.
text ; call_out_time|response ; How fast does a fitter arrive? ; A fitter arrives {v}.|Trapped persons are freed {v}. ; within one hour|within 45 minutes|before noon of the next day
flag ; spare_parts_included|parts_included ; Are spare parts included? ; Spare parts are included in the fee.|{b} bears the cost of parts. ; Parts are invoiced separately.|The fee does not cover spare parts.
date ; first_service|first_visit ; Date of the first service ; The first service is on {v}.|Work starts with a visit on {v}.
"""
