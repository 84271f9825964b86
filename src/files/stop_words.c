/* Stop words: those that stand in any text of a language, in the form that words are compared in. */
#include <stdlib.h>
#include <string.h>

#include "files/telling_words.h"

enum { DOUBTFUL = 1 << 15 };

struct stop_word {
    const char *word;
    unsigned languages;
};

enum {
    EN = LANGUAGE_ENGLISH,
    DE = LANGUAGE_GERMAN,
    FR = LANGUAGE_FRENCH,
    ES = LANGUAGE_SPANISH,
    IT = LANGUAGE_ITALIAN,
    PT = LANGUAGE_PORTUGUESE,
    NL = LANGUAGE_DUTCH,
};

/* In the order of strcmp(). */
static const struct stop_word stop_words[] = {
    // clang-format off
    {"a", EN | FR | ES | IT | PT}, {"aan", NL}, {"abbiamo", IT}, {"aber", DE}, {"about", EN}, {"above", EN},
    {"ad", IT | DOUBTFUL}, {"after", EN}, {"again", EN}, {"against", EN}, {"agli", IT}, {"ai", FR | IT | DOUBTFUL},
    {"ain", EN}, {"ainsi", FR}, {"al", ES | IT | NL}, {"algo", ES}, {"algun", ES}, {"alguna", ES}, {"algunos", ES},
    {"all", EN}, {"alla", IT}, {"alle", DE | IT | NL}, {"allem", DE}, {"allen", DE}, {"aller", DE}, {"alles", DE},
    {"allo", IT}, {"alors", FR}, {"als", DE | NL}, {"also", EN}, {"am", EN | DE}, {"an", EN | DE}, {"anche", IT},
    {"ancora", IT}, {"and", EN}, {"ante", ES}, {"antes", ES}, {"any", EN}, {"ao", PT}, {"aos", PT}, {"aquel", ES},
    {"aquela", PT}, {"aquele", PT}, {"aquilo", PT}, {"are", EN}, {"aren", EN}, {"arent", EN}, {"as", EN | PT},
    {"asi", ES}, {"at", EN}, {"ate", PT}, {"au", FR}, {"auch", DE}, {"aucun", FR}, {"auf", DE}, {"aun", ES},
    {"aunque", ES}, {"aus", DE}, {"aussi", FR}, {"autre", FR}, {"aux", FR}, {"avec", FR}, {"avere", IT},
    {"aveva", IT}, {"avoir", FR}, {"be", EN}, {"because", EN}, {"been", EN}, {"before", EN}, {"bei", DE},
    {"beim", DE}, {"being", EN}, {"below", EN}, {"between", EN}, {"bien", FR}, {"bij", NL}, {"bin", DE | DOUBTFUL},
    {"bis", DE}, {"bist", DE}, {"both", EN}, {"but", EN}, {"by", EN}, {"c", FR | IT | DOUBTFUL}, {"ca", FR},
    {"cada", ES | PT}, {"can", EN}, {"cannot", EN}, {"cant", EN}, {"car", FR | DOUBTFUL}, {"ce", FR}, {"cela", FR},
    {"celle", FR}, {"celui", FR}, {"ces", FR}, {"cet", FR}, {"cette", FR}, {"ceux", FR}, {"chaque", FR},
    {"che", IT}, {"chi", IT}, {"ci", IT}, {"cio", IT}, {"com", PT | DOUBTFUL}, {"come", IT | DOUBTFUL},
    {"comme", FR}, {"comment", FR}, {"como", ES | PT}, {"con", ES | IT | DOUBTFUL}, {"contra", ES}, {"cosa", IT},
    {"could", EN}, {"couldn", EN}, {"couldnt", EN}, {"cual", ES}, {"cuales", ES}, {"cuando", ES}, {"cuanto", ES},
    {"cuantos", ES}, {"cui", IT}, {"d", EN | FR}, {"da", DE | IT | PT}, {"dagli", IT}, {"dai", IT}, {"dal", IT},
    {"dalla", IT}, {"dalle", IT}, {"damit", DE}, {"dan", NL | DOUBTFUL}, {"dann", DE}, {"dans", FR},
    {"das", DE | PT}, {"dass", DE}, {"dat", NL}, {"de", FR | ES | PT | NL}, {"degli", IT}, {"dei", IT},
    {"del", ES | IT}, {"dela", PT}, {"dele", PT}, {"della", IT}, {"delle", IT}, {"dello", IT}, {"dem", DE},
    {"den", DE | DOUBTFUL}, {"depois", PT}, {"der", DE}, {"des", DE | FR}, {"desde", ES}, {"deze", NL}, {"di", IT},
    {"did", EN}, {"didn", EN}, {"didnt", EN}, {"die", DE | NL | DOUBTFUL}, {"dies", DE | DOUBTFUL}, {"diese", DE},
    {"diesem", DE}, {"diesen", DE}, {"dieser", DE}, {"dieses", DE}, {"dit", NL}, {"do", EN | PT}, {"doch", DE | NL},
    {"doen", NL}, {"does", EN}, {"doesn", EN}, {"doesnt", EN}, {"doing", EN}, {"don", EN}, {"donc", FR},
    {"donde", ES}, {"done", EN}, {"dont", EN | FR}, {"door", NL | DOUBTFUL}, {"dort", DE},
    {"dos", ES | PT | DOUBTFUL}, {"dove", IT | DOUBTFUL}, {"du", DE | FR}, {"durch", DE}, {"during", EN},
    {"dus", NL}, {"e", ES | IT | PT | DOUBTFUL}, {"each", EN}, {"ed", IT | DOUBTFUL}, {"een", NL}, {"eens", NL},
    {"ein", DE}, {"eine", DE}, {"einem", DE}, {"einen", DE}, {"einer", DE}, {"eines", DE}, {"either", EN},
    {"el", ES}, {"ela", PT}, {"elas", PT}, {"ele", PT}, {"eles", PT}, {"ella", ES}, {"ellas", ES}, {"elle", FR},
    {"elles", FR}, {"ellos", ES}, {"else", EN}, {"em", PT}, {"en", FR | ES | NL}, {"encore", FR},
    {"entre", ES | PT}, {"er", DE | NL}, {"era", ES | IT | PT | DOUBTFUL}, {"eran", ES}, {"erano", IT},
    {"es", DE | ES}, {"esa", ES}, {"ese", ES}, {"eso", ES}, {"essa", PT}, {"esse", PT}, {"essere", IT}, {"est", FR},
    {"esta", ES | PT}, {"estaba", ES}, {"estan", ES}, {"estao", PT}, {"estar", ES | PT}, {"estas", ES},
    {"este", ES | PT}, {"esto", ES}, {"estos", ES}, {"et", FR}, {"etaient", FR}, {"etait", FR}, {"ete", FR},
    {"etre", FR}, {"etwas", DE}, {"eu", FR | PT | DOUBTFUL}, {"euch", DE}, {"every", EN}, {"fa", IT}, {"faire", FR},
    {"fait", FR}, {"few", EN}, {"foi", PT}, {"for", EN}, {"foram", PT}, {"fra", IT}, {"from", EN}, {"fue", ES},
    {"fueron", ES}, {"fur", DE | DOUBTFUL}, {"further", EN}, {"ge", NL}, {"geen", NL}, {"gegen", DE}, {"get", EN},
    {"gets", EN}, {"gibt", DE}, {"gli", IT}, {"ha", ES | IT | PT | DOUBTFUL}, {"haar", NL}, {"hab", DE},
    {"habe", DE}, {"haben", DE}, {"hace", ES}, {"hacer", ES}, {"hacia", ES}, {"had", EN | NL}, {"hadn", EN},
    {"han", ES}, {"hanno", IT}, {"has", EN}, {"hasn", EN}, {"hast", DE | DOUBTFUL}, {"hasta", ES},
    {"hat", DE | DOUBTFUL}, {"hatte", DE}, {"hatten", DE}, {"have", EN}, {"haven", EN}, {"havent", EN},
    {"having", EN}, {"hay", ES}, {"he", EN}, {"heb", NL}, {"hebben", NL}, {"heeft", NL}, {"hem", NL}, {"her", EN},
    {"here", EN}, {"hers", EN}, {"herself", EN}, {"het", NL}, {"hier", DE | NL}, {"hij", NL}, {"him", EN},
    {"himself", EN}, {"his", EN}, {"ho", IT | DOUBTFUL}, {"hoe", NL}, {"how", EN}, {"however", EN}, {"hun", NL},
    {"i", EN | IT}, {"ich", DE}, {"if", EN}, {"ihm", DE}, {"ihn", DE}, {"ihnen", DE}, {"ihr", DE}, {"ihre", DE},
    {"ihrem", DE}, {"ihren", DE}, {"ihrer", DE}, {"ik", NL}, {"il", FR | IT}, {"ils", FR}, {"im", DE},
    {"in", EN | DE | IT | NL}, {"ins", DE}, {"into", EN}, {"io", IT}, {"is", EN | NL}, {"isn", EN}, {"isnt", EN},
    {"isso", PT}, {"ist", DE}, {"isto", PT}, {"it", EN}, {"its", EN}, {"itself", EN}, {"j", FR | DOUBTFUL},
    {"ja", DE | PT | NL}, {"je", FR | NL}, {"jede", DE}, {"jeder", DE}, {"jedes", DE}, {"jetzt", DE}, {"just", EN},
    {"kan", NL}, {"kann", DE}, {"kannst", DE}, {"kein", DE}, {"keine", DE}, {"keinen", DE}, {"kon", NL},
    {"konnen", DE}, {"konnte", DE}, {"kunnen", NL}, {"l", FR | IT | DOUBTFUL}, {"la", FR | ES | IT | PT},
    {"las", ES}, {"le", FR | ES | IT | DOUBTFUL}, {"lei", IT}, {"les", FR | ES}, {"let", EN}, {"lets", EN},
    {"leur", FR}, {"leurs", FR}, {"lhe", PT}, {"li", IT}, {"like", EN}, {"ll", EN}, {"lo", ES | IT}, {"loro", IT},
    {"los", ES}, {"lui", FR | IT}, {"m", EN | FR}, {"ma", FR | IT | DOUBTFUL}, {"maar", NL}, {"mais", FR | PT},
    {"man", DE | DOUBTFUL}, {"mas", ES | PT}, {"may", EN}, {"me", EN | FR | ES | PT | NL}, {"meer", NL},
    {"mehr", DE}, {"mein", DE}, {"meine", DE}, {"meme", FR}, {"men", NL | DOUBTFUL}, {"mes", FR}, {"mesmo", PT},
    {"met", NL}, {"meu", PT}, {"mi", ES | IT | DOUBTFUL}, {"mia", IT}, {"mich", DE}, {"might", EN}, {"mij", NL},
    {"mijn", NL}, {"minha", PT}, {"mio", IT}, {"mir", DE}, {"mis", ES}, {"mit", DE}, {"moet", NL}, {"moi", FR},
    {"molto", IT}, {"mon", FR}, {"more", EN}, {"most", EN}, {"much", EN}, {"mucho", ES}, {"muito", PT},
    {"muss", DE}, {"mussen", DE}, {"must", EN}, {"muy", ES}, {"my", EN}, {"myself", EN}, {"n", FR | DOUBTFUL},
    {"na", PT | NL}, {"naar", NL}, {"nach", DE}, {"nada", ES}, {"nao", PT}, {"nas", PT}, {"ne", FR | IT},
    {"negli", IT}, {"nei", IT}, {"nel", IT}, {"nella", IT}, {"nelle", IT}, {"nem", PT}, {"ni", FR | ES},
    {"nicht", DE}, {"nichts", DE}, {"niet", NL}, {"niets", NL}, {"no", EN | ES | IT | PT}, {"noch", DE},
    {"nog", NL}, {"noi", IT}, {"non", IT}, {"nor", EN}, {"nos", FR | ES | PT}, {"nosotros", ES}, {"nossa", PT},
    {"nosso", PT}, {"nostra", IT}, {"nostro", IT}, {"not", EN}, {"notre", FR}, {"nous", FR}, {"nu", NL},
    {"nuestra", ES}, {"nuestro", ES}, {"num", PT}, {"numa", PT}, {"nun", DE}, {"nur", DE},
    {"o", ES | IT | PT | DOUBTFUL}, {"ob", DE}, {"oder", DE}, {"of", EN | NL}, {"off", EN}, {"ogni", IT},
    {"ohne", DE}, {"om", NL}, {"omdat", NL}, {"on", EN | FR}, {"once", EN}, {"onde", PT}, {"one", EN}, {"only", EN},
    {"ons", NL}, {"ont", FR}, {"onze", NL}, {"ook", NL}, {"op", NL}, {"or", EN}, {"os", PT | DOUBTFUL},
    {"other", EN}, {"otra", ES}, {"otro", ES}, {"otros", ES}, {"ou", FR | PT}, {"our", EN}, {"ours", EN},
    {"ourselves", EN}, {"out", EN}, {"over", EN | NL}, {"own", EN}, {"par", FR}, {"para", ES | PT | DOUBTFUL},
    {"pas", FR | DOUBTFUL}, {"pela", PT}, {"pelas", PT}, {"pelo", PT}, {"pelos", PT}, {"per", EN | IT},
    {"perche", IT}, {"pero", ES}, {"peut", FR}, {"peuvent", FR}, {"piu", IT}, {"please", EN},
    {"plus", FR | DOUBTFUL}, {"poco", ES}, {"poi", IT}, {"por", ES | PT}, {"porque", ES | PT}, {"pote", IT},
    {"pour", FR | DOUBTFUL}, {"pourquoi", FR}, {"puede", ES}, {"pueden", ES}, {"puo", IT}, {"qu", FR},
    {"quais", PT}, {"qual", IT | PT}, {"quale", IT}, {"quali", IT}, {"quand", FR}, {"quando", IT | PT},
    {"quanto", IT | PT}, {"que", FR | ES | PT}, {"quel", FR}, {"quella", IT}, {"quelle", FR | IT}, {"quelles", FR},
    {"quelli", IT}, {"quello", IT}, {"quels", FR}, {"quem", PT}, {"questa", IT}, {"queste", IT}, {"questi", IT},
    {"questo", IT}, {"qui", FR | IT}, {"quien", ES}, {"quienes", ES}, {"quoi", FR}, {"rather", EN}, {"re", EN},
    {"reeds", NL}, {"s", EN | FR}, {"sa", FR}, {"same", EN}, {"sans", FR}, {"sao", PT}, {"se", FR | ES | IT | PT},
    {"sea", ES | DOUBTFUL}, {"segun", ES}, {"sehr", DE}, {"sei", IT}, {"sein", DE}, {"seine", DE}, {"seinen", DE},
    {"sem", PT}, {"senza", IT}, {"ser", ES | PT}, {"ses", FR}, {"seu", PT}, {"seus", PT}, {"shall", EN},
    {"she", EN}, {"should", EN}, {"shouldn", EN}, {"si", FR | ES | IT | DOUBTFUL}, {"sia", IT}, {"sich", DE},
    {"sido", ES}, {"sie", DE}, {"siempre", ES}, {"sim", PT | DOUBTFUL}, {"sin", ES | DOUBTFUL}, {"sind", DE},
    {"so", EN | DE | PT}, {"sobre", ES | PT}, {"soll", DE}, {"sollen", DE}, {"sollte", DE}, {"solo", ES},
    {"some", EN}, {"son", FR | ES | DOUBTFUL}, {"sono", IT}, {"sont", FR}, {"sopra", IT}, {"sous", FR | DOUBTFUL},
    {"su", ES | IT}, {"sua", IT | PT}, {"suas", PT}, {"such", EN}, {"sue", IT}, {"sugli", IT}, {"sui", IT},
    {"sul", IT}, {"sulla", IT}, {"sulle", IT}, {"suo", IT}, {"suoi", IT}, {"sur", FR}, {"sus", ES}, {"t", EN | FR},
    {"ta", FR}, {"tal", ES | DOUBTFUL}, {"tambem", PT}, {"tambien", ES}, {"tan", ES | DOUBTFUL}, {"tanto", ES},
    {"te", FR | ES | PT | NL}, {"tegen", NL}, {"tell", EN}, {"tem", PT}, {"tener", ES}, {"ter", PT}, {"tes", FR},
    {"than", EN}, {"that", EN}, {"thats", EN}, {"the", EN}, {"their", EN}, {"theirs", EN}, {"them", EN},
    {"themselves", EN}, {"then", EN}, {"there", EN}, {"these", EN}, {"they", EN}, {"theyre", EN}, {"this", EN},
    {"those", EN}, {"though", EN}, {"through", EN}, {"ti", IT | DOUBTFUL}, {"tiene", ES}, {"tienen", ES},
    {"to", EN}, {"toch", NL}, {"toda", ES}, {"todas", ES}, {"todo", ES | PT}, {"todos", ES | PT}, {"toen", NL},
    {"toi", FR}, {"ton", FR | DOUBTFUL}, {"too", EN}, {"tot", NL}, {"tous", FR}, {"tout", FR}, {"toute", FR},
    {"toutes", FR}, {"tra", IT}, {"tres", FR}, {"tu", FR | ES | IT | PT}, {"tus", ES}, {"tutte", IT}, {"tutti", IT},
    {"tutto", IT}, {"u", NL | DOUBTFUL}, {"uber", DE}, {"uit", NL}, {"um", DE | PT}, {"uma", PT}, {"umas", PT},
    {"un", FR | ES | IT | DOUBTFUL}, {"una", ES | IT}, {"und", DE}, {"under", EN}, {"une", FR},
    {"uno", ES | IT | DOUBTFUL}, {"unos", ES}, {"uns", DE | PT}, {"unser", DE}, {"unsere", DE}, {"unter", DE},
    {"until", EN}, {"up", EN}, {"upon", EN}, {"us", EN}, {"usted", ES}, {"uw", NL}, {"van", NL | DOUBTFUL},
    {"ve", EN}, {"veel", NL}, {"very", EN}, {"vi", IT}, {"via", EN}, {"viel", DE}, {"voce", PT}, {"voces", PT},
    {"voi", IT}, {"vom", DE}, {"von", DE}, {"voor", NL}, {"vor", DE}, {"vos", FR}, {"votre", FR}, {"vous", FR},
    {"waar", NL}, {"waarom", NL}, {"wann", DE}, {"wanneer", NL}, {"want", EN}, {"war", DE | DOUBTFUL},
    {"waren", DE | NL}, {"warum", DE}, {"was", EN | DE | NL}, {"wasn", EN}, {"wasnt", EN}, {"wat", NL},
    {"we", EN | NL}, {"weil", DE}, {"wel", NL}, {"welche", DE}, {"welchem", DE}, {"welchen", DE}, {"welcher", DE},
    {"welches", DE}, {"welke", NL}, {"wenn", DE}, {"wer", DE}, {"werd", NL}, {"werde", DE}, {"werden", DE},
    {"were", EN}, {"weren", EN}, {"werent", EN}, {"wezen", NL}, {"what", EN}, {"whats", EN}, {"when", EN},
    {"where", EN}, {"whether", EN}, {"which", EN}, {"while", EN}, {"who", EN}, {"whom", EN}, {"whose", EN},
    {"why", EN}, {"wie", DE | NL}, {"wieder", DE}, {"wieviel", DE}, {"wij", NL}, {"wil", NL}, {"will", EN | DE},
    {"wir", DE}, {"wird", DE}, {"with", EN}, {"within", EN}, {"without", EN}, {"wo", DE}, {"wont", EN},
    {"worden", DE | NL}, {"wordt", NL}, {"would", EN}, {"wouldn", EN}, {"wurde", DE}, {"wurden", DE},
    {"y", FR | ES | DOUBTFUL}, {"ya", ES}, {"yes", EN}, {"yet", EN}, {"yo", ES}, {"you", EN}, {"your", EN},
    {"youre", EN}, {"yours", EN}, {"yourself", EN}, {"zal", NL}, {"ze", NL}, {"zei", NL}, {"zelf", NL},
    {"zich", NL}, {"zij", NL}, {"zijn", NL}, {"zo", NL}, {"zonder", NL}, {"zou", NL}, {"zu", DE}, {"zum", DE},
    {"zur", DE}, {"zwischen", DE},
    // clang-format on
};

static int compare(const void *word, const void *row)
{
    return strcmp(word, ((const struct stop_word *)row)->word);
}

unsigned stop_word(const char *word, bool *is_doubtful)
{
    const struct stop_word *found = bsearch(word, stop_words, LEN(stop_words), sizeof(*stop_words), compare);

    *is_doubtful = found && found->languages & DOUBTFUL;
    return found ? found->languages & ~(unsigned)DOUBTFUL : 0;
}
